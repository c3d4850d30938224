import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { CallPlan, ExplainedRefusal, Explanation, UncachedReason } from '../../../schema/contracts/explanation.js';
import { REFUSING_STAGES, UNCACHED_REASONS } from '../../../schema/contracts/explanation.js';
import type { RateLimitRule } from '../../../schema/contracts/gateway-settings.js';
import type { CostStatus } from '../../../schema/contracts/usage-record.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import {
  CostStatusEnum,
  graphqlEnum,
  RateLimitKeyEnum,
  RetryBackoffEnum,
} from '../../../schema/entities/graphql-enums.js';
import { DecimalScalar } from '../../scalars/numeric-scalars.js';

const OutcomeEnum = graphqlEnum('RequestOutcome', ['FORWARDED', 'CACHED', 'ANSWERED', 'REFUSED']);
const StageEnum = graphqlEnum('RefusingStage', REFUSING_STAGES);
const CredentialKindEnum = graphqlEnum('CredentialKind', ['CLIENT', 'STORED', 'NONE']);
const VerdictEnum = graphqlEnum('CacheVerdict', ['HIT', 'MISS', 'BYPASS', 'OFF']);
const ReasonEnum = graphqlEnum('UncachedReason', UNCACHED_REASONS);

@ObjectType()
export class AnswerHeader {
  @Field(() => String) name: string;
  @Field(() => String) value: string;
}

/** What the request would be answered with in place of a provider's answer. */
@ObjectType()
export class RequestRefusal {
  @Field(() => StageEnum) stage: ExplainedRefusal['stage'];
  @Field(() => Int) statusCode: number;
  /** docs/errors.md */
  @Field(() => Int) errorCode: number;
  @Field(() => String) message: string;
  /** what was wrong with what */
  @Field(() => String) description: string;
  @Field(() => Int, { nullable: true }) retryAfterSeconds: number | null;
  /** further ones of the answer, `ratelimit-*` among them */
  @Field(() => [AnswerHeader]) headers: AnswerHeader[];
}

/** How a rate limit stands to the request, which is not counted. */
@ObjectType()
export class ExplainedRateLimit {
  @Field(() => String) name: string;
  @Field(() => Int) limit: number;
  @Field(() => Int) intervalSeconds: number;
  @Field(() => RateLimitKeyEnum) key: RateLimitRule['key'];
  /** how many more requests of the same key it would admit now */
  @Field(() => Int) remaining: number;
  /** until it would admit one, if it refuses; else until its window ends */
  @Field(() => Int) resetSeconds: number;
  @Field(() => Boolean) isRefusing: boolean;
}

@ObjectType()
export class ExplainedCredential {
  /** `CLIENT`: what the request itself carries; `STORED`: a provider key; `NONE`: it goes without one */
  @Field(() => CredentialKindEnum) kind: CallPlan['credential']['kind'];
  @Field(() => ID, { nullable: true }) providerKeyId: string | null;
  @Field(() => String, { nullable: true }) alias: string | null;
  /** what a stored key is bound to, besides its provider and origin: `region`, `resource`, … */
  @Field(() => [AnswerHeader], { nullable: true }) target: AnswerHeader[] | null;
  /** whether the custom provider's own headers are added */
  @Field(() => Boolean) hasProviderHeaders: boolean;
}

@ObjectType()
export class ExplainedRetries {
  /** all tries, the first one included */
  @Field(() => Int) attemptsMax: number;
  @Field(() => RetryBackoffEnum) backoff: NonNullable<CallPlan['retries']>['backoff'];
  @Field(() => Boolean) whenSent: boolean;
  /**
   * before the second attempt, the third, …; up to a quarter more by chance, and longer where a provider asks for it
   */
  @Field(() => [Int]) delaysMs: number[];
  /** of all attempts and delays together */
  @Field(() => Int) totalMsMax: number;
}

@ObjectType()
export class ExplainedCache {
  /** `BYPASS`: the request asks not to use it; `OFF`: it has nothing to do with the cache, see `reason` */
  @Field(() => VerdictEnum) verdict: CallPlan['cache']['verdict'];
  @Field(() => ReasonEnum, { nullable: true }) reason: UncachedReason | null;
  /** null: the body is too large to be held */
  @Field(() => String, { nullable: true }) keyHash: string | null;
  @Field(() => Int, { nullable: true }) ttlSeconds: number | null;
}

@ObjectType()
export class ExplainedRate {
  /** `inputTokens`, `outputTokens`, …: the units of usage records */
  @Field(() => String) unit: string;
  /** USD for one */
  @Field(() => DecimalScalar) rateUsd: string;
}

/** The price of an answer by the model that is asked for, as it holds now. */
@ObjectType()
export class ExplainedPrice {
  /** that such an answer would have, if the provider tells its usage */
  @Field(() => CostStatusEnum) costStatus: CostStatus;
  /** of the price list; null: it is of no list */
  @Field(() => Int, { nullable: true }) version: number | null;
  /** `provider/model` of that list, `override/{id}` of the account's own prices, or `custom` with the client's rates */
  @Field(() => String, { nullable: true }) rule: string | null;
  /** of a request below the steps that some models' prices have */
  @Field(() => [ExplainedRate]) rates: ExplainedRate[];
}

/** A call as it would be made. */
@ObjectType()
export class CallPlanned {
  /** where it would go */
  @Field(() => String) origin: string;
  @Field(() => ExplainedCredential) credential: ExplainedCredential;
  /** of each attempt, to its first byte */
  @Field(() => Int) timeoutMs: number;
  /** null: one attempt is all there is */
  @Field(() => ExplainedRetries, { nullable: true }) retries: ExplainedRetries | null;
  @Field(() => ExplainedCache) cache: ExplainedCache;
  @Field(() => ExplainedPrice) price: ExplainedPrice;
  /** whether it would be in the logs, and its bodies with it */
  @Field(() => Boolean) isLog: boolean;
  @Field(() => Boolean) collectsPayload: boolean;
}

/** One call: of a universal request, one step. */
@ObjectType()
export class ExplainedCall {
  @Field(() => Int, { nullable: true }) step: number | null;
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  /** whether it would be made, or answered from the cache, if those before it failed */
  @Field(() => Boolean) isTried: boolean;
  /** why it cannot be called */
  @Field(() => RequestRefusal, { nullable: true }) refusal: RequestRefusal | null;
  /** null: it was not found out, because something refused before */
  @Field(() => CallPlanned, { nullable: true }) plan: CallPlanned | null;
}

/**
 * What would become of a request at this moment. It was not sent, counted or recorded. What depends on the proxies'
 * load of the moment is not told.
 */
@ObjectType()
export class RequestExplanation {
  @Field(() => Gateway) gateway: Gateway;
  /** of the settings by which it was found out; null: they were not needed */
  @Field(() => Int, { nullable: true }) configVersion: number | null;
  /** `ANSWERED`: by the gateway itself: a preflight, or a probe of a provider's bare base */
  @Field(() => OutcomeEnum) outcome: Explanation['outcome'];
  @Field(() => RequestRefusal, { nullable: true }) refusal: RequestRefusal | null;
  /** the API token that it is known by; null: it is nobody's */
  @Field(() => ID, { nullable: true }) apiTokenId: string | null;
  /** the gateway's rules in their order; empty when something refuses before them */
  @Field(() => [ExplainedRateLimit]) rateLimits: ExplainedRateLimit[];
  @Field(() => [ExplainedCall]) calls: ExplainedCall[];
}
