/**
 * A group's series as Postgres gives it: one text with a cell for each row, in any order. It is taken apart when a
 * point is looked at: of thousands of points, an object of each sum would take longer to make, and to throw away, than
 * the sums took to read.
 */
import type { Steps } from './analytics-request.js';
import type { Latency, UsagePoint, UsageTotals } from './analytics.types.js';
import type { SumName } from './rollup-views.js';
import { NO_USAGE_ROW, totalsOf } from './usage-totals.js';

export interface PackedCells {
  /** of the sums, in the order in which each cell has them */
  readonly names: readonly SumName[];
  /** cells with commas between them: each its second since 1970, and its sums, with spaces between them */
  readonly text: string;
}

/** Percentiles of the interval with this number since 1970. */
type LatencyOf = (bucket: string) => Promise<Latency>;

/** Whatever stands in one interval adds up to its point; there is one for every interval. */
export function packedPoints(steps: Steps, cells: PackedCells, latencyOf: LatencyOf): UsagePoint[] {
  const series = new PackedSeries(steps, cells, latencyOf);
  return Array.from({ length: steps.count }, (_, index) => new PackedPoint(series, index));
}

class PackedPoint implements UsagePoint {
  constructor(
    private readonly series: PackedSeries,
    private readonly index: number,
  ) {}

  get at(): Date {
    return this.series.at(this.index);
  }
  get totals(): UsageTotals {
    return this.series.totals(this.index);
  }
}

const COMMA = ',';
const ZERO = 48;
const SPACE = 32;

class PackedSeries {
  private readonly text: string;
  /** where the first cell of each interval has its sums; 0: it has none */
  private readonly firsts: Int32Array;
  /** where the other cells of an interval have theirs: few intervals have more than one */
  private readonly others = new Map<number, number[]>();

  constructor(
    private readonly steps: Steps,
    private readonly cells: PackedCells,
    private readonly latencyOf: LatencyOf,
  ) {
    this.text = cells.text;
    this.firsts = new Int32Array(steps.count);
    for (let place = 0; place < this.text.length;) place = this.add(place);
  }

  at(index: number): Date {
    return new Date(this.steps.firstMs + index * this.steps.seconds * 1_000);
  }

  totals(index: number): UsageTotals {
    const { firstMs, seconds } = this.steps;
    const latency = (): Promise<Latency> => this.latencyOf(String(firstMs / 1_000 / seconds + index));
    const first = this.firsts[index] ?? 0;
    if (first === 0) return totalsOf(NO_USAGE_ROW, latency);
    const cells = [first, ...(this.others.get(index) ?? [])].map((place) => this.cellAt(place));
    return totalsOf({ names: this.cells.names, cells }, latency);
  }

  private cellAt(place: number): string {
    const end = this.text.indexOf(COMMA, place);
    return this.text.slice(place, end < 0 ? undefined : end);
  }

  /** Takes the cell at `place`, and answers where the next one is. */
  private add(place: number): number {
    const { text } = this;
    let second = 0;
    let sums = place;
    for (let code = text.charCodeAt(sums); code !== SPACE; code = text.charCodeAt(++sums)) {
      if (Number.isNaN(code)) throw new Error('a cell has a time and sums');
      second = second * 10 + code - ZERO;
    }
    sums += 1;
    const index = Math.floor((second - this.steps.firstMs / 1_000) / this.steps.seconds);
    if (index < 0 || index >= this.firsts.length) throw new Error('a cell is of no interval that was asked for');
    if (this.firsts[index] === 0) this.firsts[index] = sums;
    else this.others.set(index, [...(this.others.get(index) ?? []), sums]);
    const end = text.indexOf(COMMA, sums);
    return end < 0 ? text.length : end + 1;
  }
}
