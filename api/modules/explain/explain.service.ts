/**
 * Explains described requests: whose they are is decided here, what becomes of them by a proxy, and prices are spelled
 * out.
 */
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import type { CallPlan, DescribedRequest, ExplainedCall, Explanation } from '../../../schema/contracts/explanation.js';
import { isUuid, type GatewayId } from '../../../schema/contracts/ids.js';
import { customLines, ratesOfRule } from '../../../schema/contracts/pricing/custom-rates.js';
import { noUnits, USAGE_UNITS, type UsageUnits } from '../../../schema/contracts/usage-units.js';
import { badInput } from '../../errors.js';
import { parseInput } from '../../input.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { GatewayQueries } from '../gateway/index.js';
import { appliedRules, type AppliedRules } from '../log/index.js';
import { describedRequestInputSchema, type ExplainRequestInput } from './explain.inputs.js';
import type { CallPlanned, ExplainedPrice, ExplainedRate, RequestExplanation } from './explain.types.js';
import type { RequestExplainer } from './request-explainer.js';

type Scope = AccountScope<'request.explain'>;

export interface ExplainServiceDeps {
  readonly database: Database;
  readonly gateways: GatewayQueries;
  readonly explainer: RequestExplainer;
}

export class ExplainService {
  constructor(private readonly deps: ExplainServiceDeps) {}

  /** Null: there is no such gateway that the caller sees. Throws BAD_USER_INPUT, RATE_LIMITED. */
  async explain(scope: Scope, input: ExplainRequestInput): Promise<RequestExplanation | null> {
    const { database, gateways, explainer } = this.deps;
    const request = parseInput(describedRequestInputSchema, input, 'input');
    const [gateway] = await gateways.byIds(scope, [input.gatewayId as GatewayId]); // the scope was made of it
    if (gateway === undefined) return null;
    const { tag, tokenHash } = await database.inAccount(scope, async (tx) => ({
      tag: await accountTag(tx),
      tokenHash: await hashOf(tx, request.apiTokenId ?? null),
    }));
    const described: DescribedRequest = {
      accountId: gateway.accountId,
      accountTag: tag,
      gatewayName: gateway.name,
      provider: request.provider ?? null,
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: request.body,
      tokenHash,
      clientIp: request.clientIp ?? null,
    };
    const explanation = await explainer.explain(described);
    const rules = await database.inAccount(scope, (tx) => appliedRules(tx, pricesOf(explanation)));
    return shown(explanation, gateway, rules);
  }
}

async function accountTag(tx: TenantTransaction): Promise<string> {
  const rows = await tx.query<{ tag: string }>('SELECT a.tag FROM account a WHERE a.id = $1');
  const [row] = rows;
  if (row === undefined) throw new Error('an account of which there is a scope is not there');
  return row.tag;
}

/** Null: no token is described. A token of another account, or beyond the caller's gateways, is none. */
async function hashOf(tx: TenantTransaction, apiTokenId: string | null): Promise<string | null> {
  if (apiTokenId === null) return null;
  const rows = !isUuid(apiTokenId)
    ? []
    : await tx.query<{ token_hash: string }>(
        `SELECT t.token_hash FROM api_token t
         WHERE ${tx.owned('t')} AND t.id = $2 AND ($3::uuid[] IS NULL OR t.gateway_ids <@ $3)`,
        [apiTokenId, tx.scope.gatewayIds],
      );
  const [row] = rows;
  if (row === undefined) throw badInput('input.apiTokenId', 'is no API token of this account');
  return row.token_hash;
}

const pricesOf = ({ calls }: Explanation) => calls.flatMap(({ plan }) => (plan === null ? [] : [plan.price]));

function shown(
  { configVersion, outcome, refusal, apiTokenId, rateLimits, calls }: Explanation,
  gateway: RequestExplanation['gateway'],
  rules: AppliedRules,
): RequestExplanation {
  const shownCalls = calls.map((call) => ({ ...call, plan: planOf(call, rules) }));
  return { gateway, configVersion, outcome, refusal, apiTokenId, rateLimits, calls: shownCalls };
}

function planOf({ plan }: ExplainedCall, rules: AppliedRules): CallPlanned | null {
  if (plan === null) return null;
  const { credential, price } = plan;
  const target = credential.target === null ? null : Object.entries(credential.target);
  return {
    ...plan,
    credential: { ...credential, target: target?.map(([name, value]) => ({ name, value })) ?? null },
    price: priceOf(price, rules),
  };
}

function priceOf(price: CallPlan['price'], rules: AppliedRules): ExplainedPrice {
  const { costStatus, priceVersion: version, priceRule: rule } = price;
  return { costStatus, version, rule, rates: ratesOf(price, rules) };
}

function ratesOf(price: CallPlan['price'], rules: AppliedRules): ExplainedRate[] {
  const custom = ratesOfRule(price.priceRule ?? '');
  const lines = custom === null ? (rules(price)?.lines(ONE_OF_EACH) ?? []) : customLines(custom, ONE_OF_EACH);
  return lines.map(({ unit, ratePico }) => ({ unit, rateUsd: usdFromPico(ratePico) }));
}

const ONE_OF_EACH: UsageUnits = Object.freeze({
  ...noUnits(),
  ...Object.fromEntries(USAGE_UNITS.map((unit) => [unit, 1])),
});
