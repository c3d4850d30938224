/**
 * Which part of a range of time is read from where: whole days, hours and minutes from the rollups, its ends from the
 * ledger.
 */
import { LEVELS, type Level } from './rollup-views.js';

/** `from` is inclusive, `to` exclusive; Unix ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Segments {
  /** in order of time, without a gap */
  readonly rolled: readonly (Span & { readonly level: Level })[];
  /** all of `rolled`; null: there is none */
  readonly rolledSpan: Span | null;
  /** in front of `rolled` and behind it */
  readonly ledger: readonly Span[];
}

const DAY_MS = 86_400_000;

/** The first moment of which a level still has rows. */
export const keptSinceMs = (level: Level, nowMs: number): number =>
  (Math.floor(nowMs / DAY_MS) - level.keptDays) * DAY_MS;

/**
 * Takes the coarsest level there is for each part. `stepMs`: rows must not reach over the steps of a series; null:
 * none.
 */
export function segmentsOf(span: Span, stepMs: number | null, nowMs: number): Segments {
  const levels = LEVELS.filter(({ unitMs }) => stepMs === null || stepMs % unitMs === 0);
  const pieces = cover(span, levels, nowMs);
  const rolled = pieces.flatMap(({ level, ...piece }) => (level === null ? [] : [{ ...piece, level }]));
  const [first, last] = [rolled[0], rolled.at(-1)];
  return {
    rolled,
    rolledSpan: first === undefined || last === undefined ? null : { fromMs: first.fromMs, toMs: last.toMs },
    ledger: pieces.filter(({ level }) => level === null),
  };
}

type Piece = Span & { readonly level: Level | null };

function cover(span: Span, levels: readonly Level[], nowMs: number): Piece[] {
  if (span.fromMs >= span.toMs) return [];
  const [level, ...finer] = levels;
  if (level === undefined) return [{ ...span, level: null }];
  const fromMs = Math.max(Math.ceil(span.fromMs / level.unitMs) * level.unitMs, keptSinceMs(level, nowMs));
  const toMs = Math.floor(span.toMs / level.unitMs) * level.unitMs;
  if (fromMs >= toMs) return cover(span, finer, nowMs);
  return [
    ...cover({ fromMs: span.fromMs, toMs: fromMs }, finer, nowMs),
    { fromMs, toMs, level },
    ...cover({ fromMs: toMs, toMs: span.toMs }, finer, nowMs),
  ];
}

/** The first moment of which there are steps of `seconds`. */
export function keptForSteps(seconds: number, nowMs: number): number {
  const level = LEVELS.find(({ unitMs }) => (seconds * 1_000) % unitMs === 0);
  if (level === undefined) throw new Error('no level divides the interval');
  return keptSinceMs(level, nowMs);
}
