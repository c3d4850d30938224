/** Adds up identical requests as their rows come, oldest first, and plays them through the simulated caches. */
import { totalTokensIn, totalTokensOut } from '../../../schema/contracts/usage-units.js';
import { attemptsSchema } from '../log/index.js';
import { CacheSimulation, type RecordedCall } from './cache-simulation.js';

/** A row of `repeatedSql`; null as an id: it is none. */
export interface RepeatedRow {
  readonly id: string | null;
  readonly key: string;
  readonly created_at: Date;
  readonly duration_ms: number;
  readonly cached: boolean;
  readonly is_kept: boolean;
  readonly units: string;
  readonly tokens_in: string;
  readonly tokens_out: string;
  /** of the request */
  readonly total_pico: string;
  /** of its answer, or what a hit saved; null: no price */
  readonly cost_pico: string | null;
  readonly last_attempt: unknown;
  readonly is_shown: boolean;
}

/** Identical requests so far. */
export interface RepeatedGroup {
  readonly key: string;
  requests: number;
  cached: number;
  costPico: bigint;
  readonly firstSeenAt: Date;
  lastSeenAt: Date;
  lastId: string;
  /** the newest that is a log; null: none is */
  exampleId: string | null;
  /** of the last answer that a provider gave: what a hit of its key stands for */
  tokensIn: bigint;
  tokensOut: bigint;
}

export class RepeatedTally {
  readonly simulations: readonly CacheSimulation[];
  /** what hits have saved as it was */
  savedPico = 0n;
  private readonly groups = new Map<string, RepeatedGroup>();

  constructor(ttlSeconds: readonly number[]) {
    this.simulations = ttlSeconds.map((seconds) => new CacheSimulation(seconds));
  }

  add(row: RepeatedRow & { readonly id: string }): void {
    const group = this.groupOf(row);
    group.requests += 1;
    group.costPico += BigInt(row.total_pico);
    group.lastSeenAt = row.created_at;
    group.lastId = row.id;
    if (row.is_shown) group.exampleId = row.id;
    if (row.cached) {
      group.cached += 1;
      this.savedPico += BigInt(row.cost_pico ?? 0);
    }
    const call = callOf(row, group);
    for (const simulation of this.simulations) simulation.add(call);
  }

  /** Those that cost most. */
  dearest(count: number): RepeatedGroup[] {
    return [...this.groups.values()]
      .toSorted((a, b) => compare(b.costPico, a.costPico) || b.requests - a.requests || (a.key < b.key ? -1 : 1))
      .slice(0, count);
  }

  private groupOf({ key, id, created_at: at }: RepeatedRow & { readonly id: string }): RepeatedGroup {
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    const group = {
      key,
      requests: 0,
      cached: 0,
      costPico: 0n,
      firstSeenAt: at,
      lastSeenAt: at,
      lastId: id,
      exampleId: null,
      tokensIn: 0n,
      tokensOut: 0n,
    };
    this.groups.set(key, group);
    return group;
  }
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function callOf(row: RepeatedRow, group: RepeatedGroup): RecordedCall {
  const atMs = row.created_at.getTime();
  const call = { key: row.key, atMs, endMs: atMs + row.duration_ms, isKept: row.is_kept };
  const costPico = row.cost_pico === null ? null : BigInt(row.cost_pico);
  if (row.cached) {
    return { ...call, costPico, units: null, tokensIn: group.tokensIn, tokensOut: group.tokensOut };
  }
  const answer = row.last_attempt === null ? ofRow(row, costPico) : ofAttempt(row.last_attempt);
  if (row.is_kept) {
    group.tokensIn = answer.tokensIn;
    group.tokensOut = answer.tokensOut;
  }
  return { ...call, ...answer };
}

type AnswerUse = Pick<RecordedCall, 'costPico' | 'units' | 'tokensIn' | 'tokensOut'>;

const ofRow = (row: RepeatedRow, costPico: bigint | null): AnswerUse => ({
  costPico,
  units: row.units,
  tokensIn: BigInt(row.tokens_in),
  tokensOut: BigInt(row.tokens_out),
});

/** As it was recorded: what a recalculation made of one attempt among several is not looked up. */
function ofAttempt(stored: unknown): AnswerUse {
  const [attempt] = attemptsSchema.parse([stored]);
  if (attempt === undefined) throw new Error('one attempt was parsed');
  const { units, costPico } = attempt;
  return {
    costPico: costPico === null ? null : BigInt(costPico),
    units: JSON.stringify({ ...units, other: attempt.otherUnits }),
    tokensIn: BigInt(totalTokensIn(units)),
    tokensOut: BigInt(totalTokensOut(units)),
  };
}
