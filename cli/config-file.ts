/**
 * A configuration file: YAML in, with the line of everything in it; YAML out, always the same text for the same
 * document.
 */
import { readFileSync } from 'node:fs';
import { isAlias, isNode, LineCounter, parseDocument, stringify, visit, type Document } from 'yaml';
import {
  configDocumentSchema,
  secretReferencesIn,
  type ConfigDocumentText,
} from '../schema/contracts/config-document.js';
import { Problem } from './problem.js';

const HEAD = '# An account of Tollgate as code: docs/configuration-as-code.md\n';
/** Aliases that one file may resolve: a file of a few lines must not grow into one that fills the memory. */
const ALIASES_MAX = 100;

/** The text of a document. */
export function configText(document: unknown): string {
  return `${HEAD}${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

export class ConfigFile {
  readonly document: ConfigDocumentText;
  private readonly lines = new LineCounter();
  private readonly yaml: Document;

  /** Throws Problem with every line at fault. `path` is `-` for standard input. */
  constructor(readonly path: string) {
    const text = read(path);
    this.yaml = parseDocument(text, { lineCounter: this.lines, version: '1.2' });
    if (this.yaml.errors.length > 0) {
      throw new Problem(
        this.yaml.errors.map(({ linePos, message }) => {
          const [start] = linePos ?? [];
          return `${path}:${start?.line ?? 1}:${start?.col ?? 1} ${message.split('\n')[0] ?? ''}`;
        }),
      );
    }
    const value: unknown = this.value();
    const checked = configDocumentSchema.safeParse(value);
    if (!checked.success) {
      throw new Problem(
        checked.error.issues.map(({ path: at, message, code, ...issue }) => {
          const unknown =
            code === 'unrecognized_keys' && 'keys' in issue && Array.isArray(issue.keys) ? issue.keys : [];
          return this.told([...at, ...unknown.slice(0, 1)], unknown.length > 0 ? 'is not known here' : message);
        }),
      );
    }
    this.document = value as ConfigDocumentText; // it was just checked
  }

  /** All places of secrets that the document names. */
  get secretReferences(): ReadonlySet<string> {
    return new Set(secretReferencesIn(this.document));
  }

  /** A problem at a place in the document: `tollgate.yaml:12:5 gateways.0.name must …`. */
  told(place: readonly PropertyKey[], problem: string): string {
    const { line, col } = this.positionOf(place.map(String));
    const name = place.map(String).join('.');
    return `${this.path}:${line}:${col} ${name === '' ? 'the document' : name} ${problem}`;
  }

  private value(): unknown {
    const unresolved = this.unresolvedAliases();
    if (unresolved.length > 0) throw new Problem(unresolved);
    try {
      return this.yaml.toJS({ maxAliasCount: ALIASES_MAX });
    } catch {
      throw new Problem([`${this.path}:1:1 has more than ${ALIASES_MAX} aliases, or one within what it stands for`]);
    }
  }

  /** An alias stands for an anchor before it. */
  private unresolvedAliases(): string[] {
    const anchors = new Set<string>();
    const problems: string[] = [];
    visit(this.yaml, {
      Node: (_, node) => {
        if (!isAlias(node)) {
          if (node.anchor !== undefined) anchors.add(node.anchor);
        } else if (!anchors.has(node.source)) {
          const { line, col } = this.lines.linePos(node.range?.[0] ?? 0);
          problems.push(`${this.path}:${line}:${col} there is no anchor &${node.source} before this alias`);
        }
      },
    });
    return problems;
  }

  /** Of the place itself, or of what it would stand in. */
  private positionOf(place: readonly string[]): { readonly line: number; readonly col: number } {
    for (let length = place.length; length > 0; length--) {
      const found: unknown = this.yaml.getIn(place.slice(0, length).map(indexOrName), true);
      if (isNode(found) && found.range) return this.lines.linePos(found.range[0]);
    }
    return { line: 1, col: 1 };
  }
}

const indexOrName = (part: string): string | number => (/^\d{1,9}$/.test(part) ? Number(part) : part);

function read(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch {
    throw new Problem([`${path} cannot be read`]);
  }
}
