/** Ranges of time that insights are asked for, and how much of one an answer covers. */
import { Field, ObjectType } from 'type-graphql';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { badInput } from '../../errors.js';

const DAY_MS = 86_400_000;
export const INSIGHT_DAYS_MAX = 31;
/** Addresses of clients are looked at no longer than this, however long their records are kept. */
export const CLIENT_ADDRESS_MS_MAX = DAY_MS;

/** `fromMs` is in it, `toMs` is not. */
export interface InsightRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A range of one gateway's records. */
export interface GatewayRange extends InsightRange {
  readonly gatewayId: GatewayId;
}

/**
 * The part of the range that was read: all of it, unless it has more records than are read for one answer. Then the
 * newest are, `complete` is false, and `from` says how far back they reach.
 */
@ObjectType()
export class CoveredRange {
  @Field(() => Date) from: Date;
  @Field(() => Date) to: Date;
  @Field(() => Boolean) complete: boolean;
}

/** Throws BAD_USER_INPUT for a range that ends before it begins, or is too long. */
export function insightRange(from: Date, to: Date): InsightRange {
  if (to <= from) throw badInput('to', 'must be after from');
  // Nothing was recorded before 1970.
  const range = { fromMs: Math.max(0, from.getTime()), toMs: Math.max(1, to.getTime()) };
  if (range.toMs - range.fromMs > INSIGHT_DAYS_MAX * DAY_MS) {
    throw badInput('to', `must be at most ${INSIGHT_DAYS_MAX} days after from`);
  }
  return range;
}

/** `edge`: the time of the newest record that was left out; null: none was. */
export function coveredRange({ fromMs, toMs }: InsightRange, edge: Date | null): CoveredRange {
  const firstMs = edge === null ? fromMs : edge.getTime() + 1;
  return { from: new Date(firstMs), to: new Date(toMs), complete: edge === null };
}

/** Of a range, what lies within the time for which clients' addresses are looked at. */
export function addressRange<R extends InsightRange>(range: R, nowMs: number): R {
  const firstMs = Math.max(range.fromMs, nowMs - CLIENT_ADDRESS_MS_MAX);
  return { ...range, fromMs: firstMs, toMs: Math.max(firstMs, range.toMs) };
}
