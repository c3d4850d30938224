/**
 * What an example of `docs/graphql.md` is. Each file `*.examples.ts` beside this one exports `EXAMPLES`, by coordinate
 * (`Type.field`): to document an operation, add an entry or a file, and record its answer by `npm run docs:graphql`.
 */

/** JSON in which texts may hold `{name}`: what the fixtures, or a step before, are called by. */
export type ExampleVariables = Readonly<Record<string, unknown>>;

/** Who sends it: the account's owner, the operator of the instance, or nobody. */
export type ExampleCaller = 'owner' | 'operator' | 'anonymous';

/** An operation that runs before, and stands in no page. */
export interface ExampleStep {
  readonly document: string;
  readonly variables?: ExampleVariables;
  readonly as?: ExampleCaller;
  /** names for what it answered: `{ 'invitation.secret': 'createInvitation.secret' }` */
  readonly keep?: Readonly<Record<string, string>>;
}

export interface GraphqlExample extends Omit<ExampleStep, 'keep'> {
  /** what the operation is for, and what must be known of it: a sentence or two */
  readonly says: string;
  readonly given?: readonly ExampleStep[];
  /**
   * fields of the answer that differ from run to run or place to place, beside ids, times, cursors and secrets: shown
   * as 0 or …
   */
  readonly varies?: readonly string[];
}

/** By coordinate. */
export type GraphqlExamples = Readonly<Record<string, GraphqlExample>>;

/**
 * Each example has these to itself, made new; the page shows what stands here in their places. The owner is signed in;
 * the account has the gateway, and that one the log (with bodies), the provider key, and a token limited to it. The
 * member is an EDITOR.
 */
export const FIXTURES = Object.freeze({
  'account.id': '0193a0c0-0000-7000-8000-000000000001',
  'account.tag': '7d9f4c2ab16e4f58a3c0de9182b7461f',
  'account.name': 'acme',
  'owner.email': 'ada@example.com',
  'owner.password': 'correct horse battery staple',
  'operator.email': 'operator@example.com',
  'member.id': '0193a0c0-0000-7000-8000-000000000008',
  'member.email': 'charles@example.com',
  'gateway.id': '0193a0c0-0000-7000-8000-000000000002',
  'gateway.name': 'production',
  'token.id': '0193a0c0-0000-7000-8000-000000000003',
  'providerKey.id': '0193a0c0-0000-7000-8000-000000000004',
  'customProvider.id': '0193a0c0-0000-7000-8000-000000000005',
  'priceOverride.id': '0193a0c0-0000-7000-8000-000000000006',
  'log.id': '0193a0c0-0000-7000-8000-000000000007',
  /** the day of the log, which was yesterday, in UTC: as `from`, `to` and a date */
  'day.from': '2026-11-27T00:00:00.000Z',
  'day.to': '2026-11-28T00:00:00.000Z',
  'day.date': '2026-11-27',
  'today.date': '2026-11-28',
});
export type FixtureName = keyof typeof FIXTURES;
