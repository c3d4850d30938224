/**
 * A proxy under steady load while its Postgres is away, and the time after: what clients saw, what its memory did, how
 * fast the spool was shipped, and whether every answered request has its one record.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { freePort } from '../../platform/listen.js';
import { endProcess } from '../../platform/running-process.js';
import { asPort } from '../load/messages.js';
import { Program } from '../program.js';
import type { Running } from '../running.js';
import type { System } from '../system.js';
import { asPacedResult, type PacedOrder, type PacedResult } from './messages.js';
import type { OutageOptions } from './options.js';
import { ProxyWatch, type LedgerSample, type MemorySample } from './proxy-watch.js';

/** Of load before Postgres goes: the proxy's memory has settled by then. */
const WARM_UP_MS = 20_000;
/** The end of it, with which the outage is compared. */
const COMPARED_MS = 10_000;
const POLL_MS = 50;
const DRAIN_DEADLINE_MS = 600_000;
const END_TIMEOUT_MS = 15_000;

export interface OutageOutcome {
  readonly load: PacedResult;
  readonly memory: { readonly before: Peak; readonly during: Peak; readonly after: Peak };
  /** records that waited when Postgres came back */
  readonly backlog: number;
  readonly drainMs: number;
  readonly drainedPerSecond: number;
  readonly rows: number;
  readonly lost: number;
  readonly duplicated: number;
}

/** The most of a stretch of time. */
export interface Peak {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** The stores and the proxy of the run, and how Postgres is taken away. */
export interface OutageSystem {
  readonly tollgate: System;
  readonly metricsPort: number;
  readonly postgres: OutagePostgres;
}

export class OutagePostgres {
  private constructor(
    private readonly dataDir: string,
    private readonly port: number,
    private server: EmbeddedPostgres,
  ) {}

  /** With every guarantee on, as an installation has it. */
  static async start(dataDir: string): Promise<OutagePostgres> {
    const port = await freePort();
    return new OutagePostgres(dataDir, port, await startEmbeddedPostgres({ dataDir, log, port }));
  }

  get url(): string {
    return this.server.url;
  }

  async takeAway(): Promise<void> {
    await endProcess(this.server.pid, { signal: 'SIGQUIT', lastSignal: 'SIGKILL', timeoutMs: END_TIMEOUT_MS });
  }

  async bringBack(): Promise<void> {
    this.server = await startEmbeddedPostgres({ dataDir: this.dataDir, log, port: this.port });
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

const log = (): void => undefined;

export async function measureOutage(
  running: Running,
  system: OutageSystem,
  options: OutageOptions,
  say: (line: string) => void,
): Promise<OutageOutcome> {
  const { tollgate, postgres } = system;
  const watch = new ProxyWatch(tollgate.pid, system.metricsPort);
  watch.start();
  await running.add(() => Promise.resolve(watch));
  const load = await running.add(() => Program.node('bench/programs/paced-load.js', { name: 'the load', core: null }));
  await load.message(asPort);
  tell(load, { kind: 'start', ...tollgate.target, perSecond: options.perSecond });
  await Promise.race([delay(WARM_UP_MS), tollgate.failed]);
  const awayMs = performance.now();
  await postgres.takeAway();
  say(`Postgres is away for ${options.seconds} s …`);
  await Promise.race([delay(options.seconds * 1_000), tollgate.failed, load.failed]);
  const before = await watch.ledger();
  const backMs = performance.now();
  await postgres.bringBack();
  say('Postgres is back …');
  const drain = await drained(watch, before, options.perSecond);
  tell(load, { kind: 'stop' });
  const result = await load.message(asPacedResult);
  await untilShipped(watch, 0);
  const memory = {
    before: peak(watch.memory, awayMs - COMPARED_MS, awayMs),
    during: peak(watch.memory, awayMs, backMs),
    after: peak(watch.memory, backMs, performance.now()),
  };
  return { load: result, memory, backlog: before.unshipped, ...drain, ...(await compared(postgres, result)) };
}

/** From the last look at which nothing of the backlog was shipped to the first at which no second's worth waited. */
async function drained(
  watch: ProxyWatch,
  before: LedgerSample,
  perSecond: number,
): Promise<{ drainMs: number; drainedPerSecond: number }> {
  const shippedOf = ({ settled, unshipped }: LedgerSample): number => settled - unshipped;
  const deadline = performance.now() + DRAIN_DEADLINE_MS;
  let first = before;
  for (let now = before; ; now = await watch.ledger()) {
    if (shippedOf(now) === shippedOf(before)) first = now;
    else break;
    if (performance.now() > deadline) throw new Error('nothing was shipped since Postgres is back');
    await delay(POLL_MS);
  }
  const last = await untilShipped(watch, perSecond);
  const drainMs = last.atMs - first.atMs;
  return { drainMs, drainedPerSecond: ((shippedOf(last) - shippedOf(first)) * 1_000) / drainMs };
}

async function untilShipped(watch: ProxyWatch, waitingMax: number): Promise<LedgerSample> {
  const deadline = performance.now() + DRAIN_DEADLINE_MS;
  for (;;) {
    const now = await watch.ledger();
    if (now.unshipped <= waitingMax) return now;
    if (performance.now() > deadline) throw new Error(`${now.unshipped} records were not shipped in time`);
    await delay(POLL_MS);
  }
}

function peak(samples: readonly MemorySample[], fromMs: number, toMs: number): Peak {
  const within = samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const most = (of: (sample: MemorySample) => number): number => Math.max(...within.map(of));
  return { rssBytes: most(({ rssBytes }) => rssBytes), heapBytes: most(({ heapBytes }) => heapBytes) };
}

/** Every answer has its record, by the id that the client gave it. */
async function compared(
  postgres: OutagePostgres,
  { answered }: PacedResult,
): Promise<{ rows: number; lost: number; duplicated: number }> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: string; requests: string }>(
      `SELECT count(*) AS rows, count(DISTINCT event_id) AS requests FROM usage_record WHERE event_id LIKE 'outage-%'`,
    );
    const [all, requests] = [Number(rows[0]?.rows), Number(rows[0]?.requests)];
    return { rows: all, lost: Math.max(0, answered - requests), duplicated: all - requests };
  } finally {
    await client.end();
  }
}

function tell(program: Program, order: PacedOrder): void {
  program.child.send(order);
}
