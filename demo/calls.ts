/** The mix of calls that `npm run demo` makes: what a small product with a few users might send. */

/** One call, by weight: of every `sum of weights` calls, `weight` are of this kind on average. */
export interface CallKind {
  readonly name: string;
  readonly weight: number;
  readonly body: (prompt: string) => string;
  /** the status that is right for it */
  readonly status: number;
}

const chat = (prompt: string, more: object = {}): string =>
  JSON.stringify({ model: 'demo-small', messages: [{ role: 'user', content: prompt }], ...more });

export const CALL_KINDS: readonly CallKind[] = [
  { name: 'answers', weight: 10, body: (prompt) => chat(prompt), status: 200 },
  { name: 'streams', weight: 8, body: (prompt) => chat(prompt, { stream: true }), status: 200 },
  {
    name: 'streams that ask for usage',
    weight: 3,
    body: (prompt) => chat(prompt, { stream: true, stream_options: { include_usage: true } }),
    status: 200,
  },
  { name: 'unknown models', weight: 1, body: (prompt) => chat(prompt, { model: 'demo-huge' }), status: 404 },
  { name: 'broken bodies', weight: 1, body: () => '{"model":', status: 400 },
];

const PROMPTS = [
  'Summarise this ticket in one sentence.',
  'Translate "good morning" into French.',
  'Which of these three headlines is the clearest?',
  'Write a polite reply that declines the meeting.',
  'Explain what an index does, to somebody who has never used a database.',
  'Hello',
];
const USERS = ['ada', 'grace', 'edsger', 'barbara'];
const FEATURES = ['chat', 'search', 'summary'];

const oneOf = <T>(choices: readonly T[], fallback: T): T =>
  choices[Math.floor(Math.random() * choices.length)] ?? fallback;

export const anyPrompt = (): string => oneOf(PROMPTS, 'Hello');

/** For the header `cf-aig-metadata`. */
export const anyMetadata = (): string =>
  JSON.stringify({ user: oneOf(USERS, 'ada'), feature: oneOf(FEATURES, 'chat'), trial: Math.random() < 0.3 });

export function anyCallKind(): CallKind {
  let left = Math.random() * CALL_KINDS.reduce((sum, { weight }) => sum + weight, 0);
  for (const kind of CALL_KINDS) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  throw new Error('the weights do not add up');
}
