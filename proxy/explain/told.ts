/** What is told of one request while the stages are asked about it. */
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import type { ExplainedCall, ExplainedRefusal, Explanation } from '../../schema/contracts/explanation.js';
import type { Arrival, Caller } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import type { RulePreview } from '../rate-limits/rate-limiter.js';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

/** A call of which more is found out. */
export type ToldCall = Changeable<ExplainedCall>;

export class Told {
  /** the one that is asked, and that refuses if there is a refusal */
  stage: ExplainedRefusal['stage'] = 'GUARD';
  readonly calls: ToldCall[] = [];
  private readonly rest: Changeable<Omit<Explanation, 'calls'>> = {
    outcome: 'REFUSED',
    configVersion: null,
    apiTokenId: null,
    refusal: null,
    rateLimits: [],
  };

  get explanation(): Explanation {
    return { ...this.rest, calls: this.calls };
  }

  underPolicy(policy: GatewayPolicy): void {
    this.rest.configVersion = policy.configVersion;
  }

  calledBy({ apiTokenId }: Caller): void {
    this.rest.apiTokenId = apiTokenId;
  }

  limitedBy(rules: readonly RulePreview[]): void {
    this.rest.rateLimits = rules.map(explainedLimit);
  }

  /** Another call of the request, in their order. */
  begin({ step, providerSlug: provider }: Arrival): ToldCall {
    const call = { step, provider, model: null, isTried: false, refusal: null, plan: null };
    this.calls.push(call);
    return call;
  }

  endsIn(outcome: Exclude<Explanation['outcome'], 'REFUSED'>): void {
    this.rest.outcome = outcome;
  }

  /** What refuses the request. An error that is no answer of the gateway's is a fault of ours, and goes on. */
  refusedBy(error: unknown): void {
    this.rest.refusal = this.refusal(error);
  }

  refusal(error: unknown): ExplainedRefusal {
    if (!(error instanceof GatewayError)) throw error;
    return explainedRefusal(this.stage, error);
  }
}

function explainedLimit({ rule, remaining, waitMs, windowMs }: RulePreview): Explanation['rateLimits'][number] {
  const { name, limit, intervalSeconds, key } = rule;
  const isRefusing = waitMs > 0;
  const resetSeconds = Math.max(1, Math.ceil((isRefusing ? waitMs : windowMs) / 1_000));
  return { name, limit, intervalSeconds, key, remaining, resetSeconds, isRefusing };
}

/** An error as its answer would tell it. */
function explainedRefusal(stage: ExplainedRefusal['stage'], error: GatewayError): ExplainedRefusal {
  const { definition, description, retryAfterSeconds, headers } = error;
  return {
    stage,
    statusCode: definition.status,
    errorCode: definition.code,
    message: definition.message,
    description,
    retryAfterSeconds,
    headers: headers.flatMap((name, i) => (i % 2 === 0 ? [{ name, value: headers[i + 1] ?? '' }] : [])),
  };
}
