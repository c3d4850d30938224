/**
 * What the audit gate knows of mutations beside the schema: the few that leave no event, each with its reason, and the
 * documents of those whose row in the tenant matrix changes nothing on a thing that nobody has touched.
 */
import type { Target } from './tenant-matrix/world.js';

/** Mutations without an audit event. A new one needs a reason that a reader of an audit log would accept. */
export const UNAUDITED: Readonly<Record<string, string>> = {
  signIn: 'a session is a user’s and no account’s, and changes nothing in any account',
  signOut: 'ends a session of the caller’s own, in no account',
  rateLog: 'an opinion on a log, of which there are as many as logs; it changes neither settings nor sums',
  importPriceList: 'a list is the instance’s and no account’s: `price_list` keeps who imported it, when and what',
};

export interface Change {
  readonly document: string;
  readonly variables: (target: Target) => Readonly<Record<string, unknown>>;
  /** what has to be there first, as SQL whose parameters are the account and the gateway */
  readonly prepare?: string;
}

/** Documents that change something, where those of the tenant matrix do not. */
export const CHANGES: Readonly<Record<string, Change>> = {
  signUp: {
    document: `mutation ($name: String!) { signUp(input: {
      email: "new@example.com", password: "a long enough password", accountName: $name }) { expiresAt } }`,
    variables: () => ({ name: `signed-up-${Date.now()}` }),
  },
  deleteLogs: {
    document: 'mutation ($id: ID!) { deleteLogs(input: { gatewayId: $id, filter: {} }) { count } }',
    variables: ({ gatewayId }) => ({ id: gatewayId }),
    prepare: `UPDATE usage_record SET gateway_id = $2 WHERE account_id = $1`,
  },
  applyConfig: {
    document: `mutation ($accountId: ID!) { applyConfig(input: {
      accountId: $accountId, document: { version: 1, priceOverrides: [] }, prune: true, dryRun: false }) { revision } }`,
    variables: ({ accountId }) => ({ accountId }),
  },
  rollbackGateway: {
    document: 'mutation ($id: ID!) { rollbackGateway(input: { id: $id, version: 1 }) { configVersion } }',
    variables: ({ gatewayId }) => ({ id: gatewayId }),
    prepare: 'UPDATE gateway_settings SET collect_logs = false WHERE account_id = $1 AND gateway_id = $2',
  },
  recalculateCosts: {
    document: `mutation ($accountId: ID!) { recalculateCosts(input: { accountId: $accountId,
      from: "2026-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z", dryRun: false }) { changed } }`,
    variables: ({ accountId }) => ({ accountId }),
    prepare: `INSERT INTO price_override (id, account_id, provider, model, match, rates)
      SELECT gen_random_uuid(), $1, 'openai', 'gpt-test', 'EXACT', '{"inputTokens":"7","outputTokens":"7"}'
      WHERE $2::uuid IS NOT NULL`,
  },
};
