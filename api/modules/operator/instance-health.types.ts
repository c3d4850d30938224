import { Field, Float, ID, ObjectType } from 'type-graphql';
import { DateScalar } from '../../scalars/date-scalar.js';
import { BigIntScalar } from '../../scalars/numeric-scalars.js';

/** A proxy process whose records are not all shipped, or that was heard of in the last hour. */
@ObjectType()
export class ProxyHealth {
  /** of its spool */
  @Field(() => ID) id: string;
  @Field(() => String) host: string;
  /** null: it has not said it yet, or is of a release that says nothing */
  @Field(() => String, { nullable: true }) version: string | null;
  @Field(() => Date) startedAt: Date;
  @Field(() => Date) lastSeenAt: Date;
  /** heard of within the last 30 seconds, and not ended */
  @Field(() => Boolean) isLive: boolean;
  @Field(() => BigIntScalar) unshippedRecords: bigint;
  @Field(() => Float, { nullable: true }) ledgerLagSeconds: number | null;
  /** until its disk is full if Postgres went away now; null: it has written nothing yet */
  @Field(() => Float, { nullable: true }) coverHours: number | null;
  /** it takes no new requests, because it could not keep their records */
  @Field(() => Boolean) isGated: boolean;
}

@ObjectType()
export class JobHealth {
  @Field(() => String) job: string;
  @Field(() => Date) lastRunAt: Date;
  @Field(() => String, { nullable: true }) problem: string | null;
}

/** What was shipped on a day and does not stand in the ledger, or stands there twice; `ledgerProof` tells where. */
@ObjectType()
export class LedgerGaps {
  @Field(() => DateScalar) day: string;
  @Field(() => BigIntScalar) lost: bigint;
  @Field(() => BigIntScalar) duplicated: bigint;
}

/** How the instance is; that there is an answer says that Postgres answers. */
@ObjectType()
export class InstanceHealth {
  @Field(() => Date) checkedAt: Date;
  /** of the api */
  @Field(() => String) version: string;
  @Field(() => String) postgresVersion: string;
  @Field(() => Boolean) isRedisReachable: boolean;
  /** of all proxies that live, the longest; null: none does */
  @Field(() => Float, { nullable: true }) ledgerLagSeconds: number | null;
  /** of all proxies that live, the shortest; null: none has written anything */
  @Field(() => Float, { nullable: true }) coverHours: number | null;
  @Field(() => BigIntScalar) unshippedRecords: bigint;
  /** records that Postgres would not take */
  @Field(() => BigIntScalar) quarantinedRecords: bigint;
  /** those that live before the others; at most 200 */
  @Field(() => [ProxyHealth]) proxies: ProxyHealth[];
  @Field(() => [JobHealth]) jobs: JobHealth[];
}
