/**
 * House rules that no linter knows (CONTRIBUTING.md lists them all). Each rule reads one file's text and names the
 * lines that break it; what a rule sees of code has its comments and strings blanked, so that prose breaks nothing.
 */

export interface Finding {
  readonly path: string;
  /** counted from 1 */
  readonly line: number;
  readonly message: string;
}

interface SourceText {
  readonly path: string;
  readonly lines: readonly string[];
  /** the same lines with the contents of comments and strings blanked */
  readonly code: readonly string[];
}

interface HouseRule {
  readonly appliesTo: RegExp;
  readonly exempt?: RegExp;
  readonly message: string;
  readonly breaks: (source: SourceText, index: number) => boolean;
}

const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
const ASSERTION =
  /[\w)\]}>?] as (?!const\b)(?:unknown|never|string|number|boolean|object|keyof|typeof|readonly|[A-Z]|[{[(])/;
/** `import { a as B }`, on one line or over several; types in them are names, not assertions. */
const RENAMING = /^import\b|^export (?:type )?\{|^\s+(?:type )?\w+ as \w+,?$/;
const COMMENT = /\/\/|\/\*|\*\//;
const SUPPRESSION = /(?:oxlint|eslint)-disable/;
const SLEEP = /\b(?:sleep|delay)\(|setTimeout\((?:resolve|done|r)\b|timers\/promises/;
/**
 * Where connections to upstreams are made, and nowhere else (security §3.4); the others connect to a Redis or ask a
 * proxy of our own.
 */
const DIALLING =
  /^(?:proxy\/client\/buffered-socket|proxy\/upstream\/(?:upstream-pool|http1\/(?:dial|call-errors)|guarded-connector|socket-steps|name-lookup)|platform\/(?:redis-connector|embedded\/redis-server)|api\/modules\/explain\/request-explainer)\.ts$/;
const DIALS =
  /(?<!\.|\w|async )fetch\(|globalThis\.fetch\b|\b(?:https?|http2|net|tls|dgram)\.(?:request|get|connect|createConnection|createSocket)\(|\bnew (?:WebSocket|EventSource|XMLHttpRequest)\(/;
const IMPORTS_A_DIALLER =
  /^(?:import (?!type\b)|\} from ).*'(?:undici|(?:node:)?(?:tls|https|http2|dgram|dns|dns\/promises))'|^import (?!type\b)(?:.*\b(?:connect|createConnection|Socket|request|get|Agent)\b|(?:\* as )?\w+ ).*'(?:node:)?(?:net|http)'/;
/** A line that is a comment and nothing else. */
const COMMENT_LINE = /^\s*(?:\/?\*|\/\/)/;
/** As wide as code is. */
const COMMENT_WIDTH_MAX = 120;
const BANNED_NAME = /(?:^|\/)(?:utils?|helpers?|common|misc)(?:\/|\.[a-z]+$)/;

const RULES: readonly HouseRule[] = [
  {
    appliesTo: BANNED_NAME,
    message: 'names no thing: call the file by the noun that it owns',
    breaks: (_source, index) => index === 0,
  },
  {
    appliesTo: /(?:^|\/)index\.ts$/,
    exempt: /^(?:api\/(?:modules\/[^/]+|policy-publisher)|migrations)\/index\.ts$/,
    message: 'is a barrel: only a module of the api has a public index.ts',
    breaks: (_source, index) => index === 0,
  },
  {
    appliesTo: /\.ts$/,
    message: '`export *` hides what is public: name it',
    breaks: (source, index) => source.code[index]?.startsWith('export *') === true,
  },
  {
    appliesTo: /^(?:api|platform|proxy|schema)\/.*\.ts$/,
    exempt: DIALLING,
    message: 'dials by itself: what leaves goes by `Dispatchers`, which guards where it goes',
    breaks: (source, index) =>
      DIALS.test(source.code[index] ?? '') || IMPORTS_A_DIALLER.test(source.lines[index] ?? ''),
  },
  {
    appliesTo: /^dashboard\/src\/.*\.tsx?$/,
    exempt: /^dashboard\/src\/(?:request|subscription|download)\.ts$/,
    message: 'fetches by itself: what a page asks goes by `request.ts`, `subscription.ts` or `download.ts`',
    breaks: (source, index) => DIALS.test(source.code[index] ?? ''),
  },
  {
    appliesTo: /\.ts$/,
    exempt: /^test\//,
    message: 'a type assertion needs its reason, on its line or the line above',
    breaks: (source, index) => {
      const code = source.code[index] ?? '';
      if (!ASSERTION.test(code) || RENAMING.test(code)) return false;
      return !COMMENT.test(source.lines[index] ?? '') && !COMMENT.test(source.lines[index - 1] ?? '');
    },
  },
  {
    appliesTo: /\.(?:ts|tsx|mjs|cjs|js)$/,
    exempt: /house-rules(?:\.test)?\.ts$/,
    message: 'a suppressed rule needs its reason: `-- why`',
    breaks: (source, index) => SUPPRESSION.test(source.lines[index] ?? '') && !/ -- \S/.test(source.lines[index] ?? ''),
  },
  {
    appliesTo: /\.test\.ts$/,
    exempt: /house-rules\.test\.ts$/,
    message: 'a test never sleeps: wait for a condition (`waitFor`) or use fake time',
    breaks: (source, index) =>
      SLEEP.test(source.code[index] ?? '') || /from 'node:timers/.test(source.lines[index] ?? ''),
  },
  {
    appliesTo: /\.test\.ts$/,
    message: 'a test that is only a title proves nothing: write it or leave it out',
    breaks: (source, index) => /\b(?:test|it)\.todo\(/.test(source.code[index] ?? ''),
  },
  {
    appliesTo: /\.(?:ts|tsx|mjs|cjs|js)$/,
    exempt: /^migrations\//, // they stay as they were
    message: `a line of a comment has at most ${COMMENT_WIDTH_MAX} characters, as of code`,
    breaks: ({ lines }, index) => {
      const line = lines[index] ?? '';
      return line.length > COMMENT_WIDTH_MAX && COMMENT_LINE.test(line);
    },
  },
  {
    appliesTo: /\.tsx?$/,
    message: 'interfaces bear no `I`',
    breaks: (source, index) => /\binterface I[A-Z][a-z]/.test(source.code[index] ?? ''),
  },
];

/** What in one file breaks a rule; empty when nothing does. `path` is relative to the repository, with slashes. */
export function findBreaches(path: string, text: string): Finding[] {
  const source = { path, lines: text.split('\n'), code: blank(text).split('\n') };
  return RULES.filter((rule) => rule.appliesTo.test(path) && rule.exempt?.test(path) !== true).flatMap((rule) =>
    source.lines.flatMap((_line, index) =>
      rule.breaks(source, index) ? [{ path, line: index + 1, message: rule.message }] : [],
    ),
  );
}

/** Spaces in place of what comments and strings say; line breaks stay, so that line numbers hold. */
function blank(text: string): string {
  return text.replace(COMMENT_OR_STRING, (part) => part.replace(/[^\n]/g, ' '));
}
