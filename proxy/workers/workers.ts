/**
 * The workers of one machine: processes that share the proxy's port, each a whole proxy with a spool of its own. One
 * that ends is started again; one after the other they are replaced by new ones; all of them drain at the end. What a
 * worker that was killed had open is recorded by a sibling, as by any proxy on the same disk (ledger/).
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from '../../platform/logger.js';
import { BackOff } from './back-off.js';
import { asServing, type Serving } from './messages.js';

/** How a worker is told its number (proxy/main.ts). */
const WORKER_OPTION = '--worker';

/** A proxy whose stores are away serves within seconds from what it has on disk, or says why it cannot, and ends. */
const SERVING_MS_MAX = 120_000;

/** One of the places to be filled, numbered from 1. */
interface Place {
  readonly number: number;
  readonly backOff: BackOff;
  /** null: it has ended, or none was started yet */
  worker: Worker | null;
  isServing: boolean;
  /** a worker is on its way there */
  isFilling: boolean;
}

/** A worker ended before it had served. */
export class WorkerFailed extends Error {}

interface End {
  readonly code: number;
  readonly signal: string | null;
  readonly livedMs: number;
}

export class Workers {
  /** read by the metrics */
  readonly counts = { restarted: 0, replaced: 0 };
  private readonly places: readonly Place[];
  private readonly alive = new Set<Worker>();
  /** those that others have replaced, until their last request has ended */
  private readonly leaving = new Set<Worker>();
  private replacing: Promise<void> | null = null;
  private isStarted = false;
  private isStopping = false;
  private endedBadly = 0;

  constructor(
    count: number,
    private readonly log: Logger,
  ) {
    this.places = Array.from({ length: count }, (_, index) => ({
      number: index + 1,
      backOff: new BackOff(),
      worker: null,
      isServing: false,
      isFilling: false,
    }));
    // Whoever is idle takes the next connection from the system: nobody hands it over, and it is lost with nobody
    // (0035).
    cluster.schedulingPolicy = cluster.SCHED_NONE;
  }

  /**
   * Resolves with the port when all of them serve. Rejects when one cannot: what is wrong with one is wrong with all.
   */
  async start(): Promise<number> {
    const ports = await Promise.all(this.places.map((place) => this.fill(place)));
    this.isStarted = true;
    // one that had served and ended while another one was still starting
    for (const place of this.places) if (place.worker === null) this.fillLater(place, 0);
    return ports[0] ?? 0;
  }

  get serving(): number {
    return this.places.filter(({ isServing }) => isServing).length;
  }

  get draining(): number {
    return this.leaving.size;
  }

  /** Those that serve, by their number. */
  *[Symbol.iterator](): Generator<readonly [number: number, worker: Worker]> {
    for (const { number, worker, isServing } of this.places) if (worker !== null && isServing) yield [number, worker];
  }

  /**
   * Puts new workers, of the build that is on the disk now, in the places of all, one after the other: the old one
   * drains as soon as the new one serves. Ends with the first that cannot serve; all that were there go on then. Never
   * rejects.
   */
  replaceAll(): Promise<void> {
    this.replacing ??= this.replaceEach().finally(() => (this.replacing = null));
    return this.replacing;
  }

  /** Lets all of them drain. Rejects when one did not end in good order. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const ending = [...this.alive].map(async (worker) => {
      // one that is leaving was told before: a second signal would end it at once, with its streams
      if (!this.leaving.has(worker)) worker.process.kill('SIGTERM');
      if (!worker.isDead()) await once(worker, 'exit');
    });
    await Promise.all(ending);
    if (this.endedBadly > 0) throw new Error(`${this.endedBadly} workers did not end in good order`);
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const worker of this.alive) worker.process.kill('SIGKILL');
  }

  private async replaceEach(): Promise<void> {
    for (const place of this.places) {
      const old = place.worker;
      if (this.isStopping || old === null || place.isFilling) continue; // one that ended is followed by a new one anyway
      try {
        await this.fill(place);
      } catch (error) {
        this.log.error({ err: error, worker: place.number }, 'a new worker could not serve; the others go on');
        if (place.worker === null) this.fillLater(place, 0); // the old one ended meanwhile
        return;
      }
      this.counts.replaced += 1;
      if (!this.alive.has(old)) continue;
      this.leaving.add(old);
      old.process.kill('SIGTERM');
    }
  }

  /** Resolves with the port when a new worker has the place. Rejects with WorkerFailed when it ends before. */
  private async fill(place: Place): Promise<number> {
    place.isFilling = true;
    // advanced: a metric may be infinite, and JSON knows no such number
    cluster.setupPrimary({ args: [WORKER_OPTION, String(place.number)], serialization: 'advanced' });
    const worker = cluster.fork();
    const startedMs = performance.now();
    this.alive.add(worker);
    const onEnd = (code: number, signal: string | null): void => {
      this.onEnd(place, worker, { code, signal, livedMs: performance.now() - startedMs });
    };
    worker.once('exit', onEnd);
    worker.on('error', (error) => {
      this.log.warn({ err: error, worker: place.number }, 'a worker cannot be reached');
      if (worker.process.pid === undefined) onEnd(1, null); // it could not be started, and there is no other word of it
    });
    place.worker ??= worker; // an old one keeps its place until this one serves
    try {
      const { port } = await served(worker);
      place.worker = worker;
      place.isServing = true;
      return port;
    } finally {
      place.isFilling = false;
    }
  }

  private onEnd(place: Place, worker: Worker, { code, signal, livedMs }: End): void {
    this.alive.delete(worker);
    const wasAsked = this.leaving.delete(worker) || this.isStopping;
    if (wasAsked && code !== 0 && signal !== 'SIGTERM') this.endedBadly += 1; // by the signal itself: it had not begun
    if (place.worker !== worker) return;
    Object.assign(place, { worker: null, isServing: false });
    if (wasAsked || !this.isStarted) return;
    const delayMs = place.backOff.next(livedMs);
    this.log.error({ worker: place.number, code, signal, delayMs }, 'a worker ended; another one takes its place');
    this.fillLater(place, delayMs);
  }

  /** With no worker left, nothing but this timer keeps the supervisor running. */
  private fillLater(place: Place, delayMs: number): void {
    setTimeout(() => {
      if (this.isStopping || place.worker !== null || place.isFilling) return;
      this.counts.restarted += 1;
      this.fill(place).catch(() => undefined); // its end is followed by another try
    }, delayMs);
  }
}

/**
 * Resolves when it says that it serves; rejects when it ends before, could not be started, or takes too long, and is
 * ended then.
 */
function served(worker: Worker): Promise<Serving> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => worker.process.kill('SIGKILL'), SERVING_MS_MAX);
    const fail = (why: string): void => {
      clearTimeout(late);
      reject(new WorkerFailed(`a worker ended before it served (${why})`));
    };
    worker.on('message', (message) => {
      const serving = asServing(message);
      if (serving === null) return;
      clearTimeout(late);
      resolve(serving);
    });
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) fail(error.message);
    });
    worker.once('exit', (code: number, signal: string | null) => fail(signal ?? `exit code ${code}`));
  });
}
