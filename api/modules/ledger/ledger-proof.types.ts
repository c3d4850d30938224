import { Field, ID, Int, ObjectType } from 'type-graphql';
import { DateScalar } from '../../scalars/date-scalar.js';
import { BigIntScalar } from '../../scalars/numeric-scalars.js';

/** The run of records that one spool shipped on the day. */
@ObjectType()
export class SpoolProof {
  @Field(() => ID) spoolId: string;
  /** where the proxy that opened it ran */
  @Field(() => String) host: string;
  /** number of the run's first record; both ends are in it */
  @Field(() => BigIntScalar) fromSeq: bigint;
  @Field(() => BigIntScalar) toSeq: bigint;
  @Field(() => BigIntScalar) expected: bigint;
  @Field(() => BigIntScalar) recorded: bigint;
  @Field(() => BigIntScalar) quarantined: bigint;
  @Field(() => BigIntScalar) lost: bigint;
  @Field(() => BigIntScalar) duplicated: bigint;
}

/** A spool whose last records were not shipped yet when its proxy was last heard of. */
@ObjectType()
export class OpenSpool {
  @Field(() => ID) spoolId: string;
  @Field(() => String) host: string;
  @Field(() => BigIntScalar) unshipped: bigint;
  @Field(() => Date) heardAt: Date;
}

/** Whether every record that was shipped on one day stands in the ledger once. */
@ObjectType()
export class LedgerProof {
  @Field(() => DateScalar) day: string;
  /** nothing is lost and nothing is there twice */
  @Field(() => Boolean) isWhole: boolean;
  /** records that spools shipped on the day, by their numbers; the following counts are of these */
  @Field(() => BigIntScalar) expected: bigint;
  /** numbers that have a usage record */
  @Field(() => BigIntScalar) recorded: bigint;
  /** numbers whose record Postgres would not take */
  @Field(() => BigIntScalar) quarantined: bigint;
  /** numbers that have neither */
  @Field(() => BigIntScalar) lost: bigint;
  /** numbers that have more than one of either */
  @Field(() => BigIntScalar) duplicated: bigint;
  /** of how many spools */
  @Field(() => Int) spoolCount: number;
  /** the first 200, those that lost or doubled something before the others */
  @Field(() => [SpoolProof]) spools: SpoolProof[];
  /** of now, whatever the day: how many spools have records that are not shipped yet */
  @Field(() => Int) openSpoolCount: number;
  /** the first 200, those heard of longest ago before the others */
  @Field(() => [OpenSpool]) openSpools: OpenSpool[];
}
