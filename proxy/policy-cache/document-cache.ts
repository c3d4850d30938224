/**
 * Documents by key, memory → Redis → Postgres → what was kept on disk: gateway policies, token grants, account ids.
 *
 * Promises: one load at a time per key; an unknown key is remembered too, in a memory of its own that strangers cannot
 * use to push out known ones; a document announced as superseded is never served again while a store answers; when both
 * stores are out of reach, what is held, or was kept by an earlier process, is served until `staleMs` after it was
 * loaded, and only then (or for a key never seen) does `find` throw. Absence is `null`, failure is an exception, and
 * neither is ever taken for the other.
 */
import { LRUCache } from 'lru-cache';
import { POLICY_TTL_SECONDS } from '../../schema/contracts/redis-keys.js';
import { GatewayError } from '../gateway-error.js';
import { lruMap } from '../lru-map.js';
import { ownText } from '../own-text.js';
import type { KeptDocuments, KeptText } from './kept-documents.js';

/** A document as a store has it; `document: null` says that there is none. */
export interface Versioned<T> {
  readonly revision: number;
  readonly document: T | null;
}

export interface DocumentStores<T> {
  /** the shared copy; null when it holds none; throws when it cannot be asked */
  fromRedis(key: string): Promise<Versioned<T> | null>;
  /** the truth; throws when it cannot be asked */
  fromPostgres(key: string): Promise<Versioned<T>>;
  /** keeps the shared copy; failures are the store's own affair */
  toRedis(key: string, found: Versioned<T>): void;
}

export interface DocumentCacheOptions<T> {
  readonly entriesMax: number;
  /** for documents of very different sizes: all of them together, besides `entriesMax`; a size is at least 1 */
  readonly sizes?: { readonly max: number; of(document: T): number };
  /** age at which a held document is loaded again in the background; ±20 % */
  readonly freshMs: number;
  /** age up to which a held document is served while no store answers */
  readonly staleMs: number;
  /** whether one that is announced as superseded is served too while no store answers */
  readonly isServedOutdated: boolean;
  readonly absentMs: number;
  readonly absentEntriesMax: number;
}

interface Entry<T> {
  readonly document: T;
  revision: number;
  refreshAtMs: number;
  readonly staleAtMs: number;
  isSuperseded: boolean;
}

const SUPERSEDED_KEYS_MAX = 100_000;
/** After a failed reload of something still held: how long before the next try. */
const RETRY_MS = 1_000;
/**
 * How many of what was held and has changed are loaded at a time before anybody asks; the others are loaded when they
 * are asked for.
 */
const LOADS_AHEAD_MAX = 8;
/** Announced faster than it can be read: after so many readings in a row, the last one is taken. */
const READINGS_MAX = 3;

export class DocumentCache<T extends object> {
  /**
   * `evicted`: documents that left memory because of a bound, the least used first; `recalled`: documents that an
   * earlier process had kept, and that were asked for while no store answered
   */
  readonly counts = { loads: 0, failures: 0, staleServed: 0, evicted: 0, recalled: 0 };
  /** grows with whatever would be kept otherwise than before */
  changes = 0;
  private readonly entries: LRUCache<string, Entry<T>>;
  /** key → Unix ms until which its absence is believed */
  private readonly absent: LRUCache<string, number>;
  /** revisions below which a shared copy is known to be old */
  private readonly floors = lruMap<number>(SUPERSEDED_KEYS_MAX);
  /** how often absences were forgotten: a reading of one that began before says nothing any more */
  private absenceEpoch = 0;
  /** Unix ms before which a shared copy may be of a database that is no more */
  private sharedFromMs = 0;
  private readonly loading = new Map<string, Promise<T | null>>();
  private loadsAhead = 0;

  constructor(
    private readonly stores: DocumentStores<T>,
    private readonly options: DocumentCacheOptions<T>,
    private readonly kept: KeptDocuments<T> | null = null,
  ) {
    const { entriesMax, sizes } = options;
    const dispose = (_entry: Entry<T>, _key: string, reason: LRUCache.DisposeReason): void => {
      if (reason === 'evict') this.counts.evicted += 1;
    };
    this.entries =
      sizes === undefined
        ? lruMap(entriesMax, { dispose })
        : new LRUCache({
            max: entriesMax,
            maxSize: sizes.max,
            sizeCalculation: ({ document }) => sizes.of(document),
            dispose,
          });
    this.absent = lruMap(options.absentEntriesMax);
  }

  /** What memory says: a document, null (known to be absent), or undefined (ask `find`). Never waits. */
  held(key: string): T | null | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return (this.absent.get(key) ?? 0) > Date.now() ? null : undefined;
    if (entry.isSuperseded) return undefined;
    const nowMs = Date.now();
    if (nowMs > entry.refreshAtMs) {
      if (nowMs > entry.staleAtMs) return undefined;
      entry.refreshAtMs = nowMs + RETRY_MS;
      this.load(key).catch(() => undefined); // counted in `load`; the held document serves meanwhile
    }
    return entry.document;
  }

  /** The document, or null when there is none. Throws GatewayError 9006 when that cannot be known now. */
  async find(key: string): Promise<T | null> {
    const held = this.held(key);
    if (held !== undefined) return held;
    try {
      return await this.load(key);
    } catch (error) {
      const entry = this.entries.get(key) ?? this.recall(key);
      if (entry !== undefined && Date.now() < entry.staleAtMs && !this.isRefused(key, entry)) {
        this.counts.staleServed += 1;
        return entry.document;
      }
      throw new GatewayError('unavailable', 'the configuration cannot be read', { cause: error, retryAfterSeconds: 1 });
    }
  }

  /** The document has changed: nothing older than `revision` is served from here on while a store answers. */
  supersede(key: string, revision: number): void {
    if ((this.floors.get(key) ?? 0) < revision) this.floors.set(key, revision);
    this.absent.delete(key);
    this.kept?.supersede(key, revision);
    this.changes += 1;
    const entry = this.entries.get(key);
    if (entry === undefined || entry.revision >= revision) return;
    entry.isSuperseded = true;
    this.loadAhead(key);
  }

  /** The stores answer now, and might not when it is asked for. */
  private loadAhead(key: string): void {
    if (this.loadsAhead === LOADS_AHEAD_MAX) return;
    this.loadsAhead += 1;
    this.load(key)
      .catch(() => undefined) // counted in `load`; the next request tries again
      .finally(() => (this.loadsAhead -= 1));
  }

  /** Changes may have been missed, of any key. */
  supersedeAll(): void {
    this.forgetAbsent();
    this.kept?.clear();
    for (const entry of this.entries.values()) entry.isSuperseded = true;
  }

  /** The database is an earlier one, or another: revisions of the former one say nothing of its documents. */
  startOver(): void {
    this.sharedFromMs = Date.now() + POLICY_TTL_SECONDS * 1_000;
    this.floors.clear();
    for (const entry of this.entries.values()) entry.revision = 0;
    this.supersedeAll();
  }

  /** What did not exist may exist now. */
  forgetAbsent(): void {
    this.absenceEpoch += 1;
    this.absent.clear();
  }

  /**
   * What would be served if no store answered from now on, those used last in front; then what an earlier process kept
   * and nobody has asked for since. May be read slowly, while the cache is in use.
   */
  *texts(): Generator<[string, KeptText]> {
    const { staleMs } = this.options;
    const keys = [...this.entries.keys()]; // their order changes with each use
    for (const key of keys) {
      const entry = this.entries.peek(key);
      if (entry === undefined || entry.isSuperseded || entry.staleAtMs <= Date.now()) continue;
      const { document, revision, staleAtMs } = entry;
      yield [key, { revision, loadedAtMs: staleAtMs - staleMs, text: JSON.stringify(document) }];
    }
    for (const [key, kept] of this.kept?.entries() ?? []) {
      if (kept.loadedAtMs + staleMs > Date.now()) yield [key, kept];
      else this.kept?.forget(key);
    }
  }

  /** Takes what an earlier process kept, if it may still be served; it counts from when that process had loaded it. */
  private recall(key: string): Entry<T> | undefined {
    const kept = this.kept?.find(key) ?? null;
    this.kept?.forget(key);
    const nowMs = Date.now();
    // One that is to be loaded yet has no age: a clock went back.
    if (kept === null || kept.loadedAtMs > nowMs) return undefined;
    const { document, revision, loadedAtMs } = kept;
    const entry = {
      document,
      revision,
      refreshAtMs: nowMs + RETRY_MS,
      staleAtMs: loadedAtMs + this.options.staleMs,
      isSuperseded: revision < (this.floors.get(key) ?? 0), // announced before the file was read
    };
    if (entry.staleAtMs <= nowMs) return undefined;
    this.entries.set(key, entry);
    this.counts.recalled += 1;
    return entry;
  }

  private isRefused(key: string, { revision }: Entry<T>): boolean {
    return !this.options.isServedOutdated && revision < (this.floors.get(key) ?? 0);
  }

  private load(asked: string): Promise<T | null> {
    const running = this.loading.get(asked);
    if (running !== undefined) return running;
    const key = ownText(asked); // it stays
    this.counts.loads += 1;
    const load = this.fromStores(key)
      .then((found) => this.keep(key, found))
      .catch((error: unknown) => {
        this.counts.failures += 1;
        throw error;
      })
      .finally(() => this.loading.delete(key));
    this.loading.set(key, load);
    return load;
  }

  /** Reads again what was announced as changed while it was being read: those who wait came after the announcement. */
  private async fromStores(key: string): Promise<Versioned<T>> {
    for (let readings = 1; ; readings++) {
      const floor = this.floors.get(key) ?? 0;
      const epoch = this.absenceEpoch;
      const found = await this.read(
        key,
        Math.max(floor, this.entries.peek(key)?.revision ?? 0, this.kept?.revisionOf(key) ?? 0),
      );
      const hasChanged = (this.floors.get(key) ?? 0) > floor && found.revision < (this.floors.get(key) ?? 0);
      const mayExistNow = found.document === null && this.absenceEpoch !== epoch;
      if (!(hasChanged || mayExistNow) || readings === READINGS_MAX) return found;
    }
  }

  /** `floor`: a shared copy below this revision is old; one of a Redis that lost writes may be, unannounced. */
  private async read(key: string, floor: number): Promise<Versioned<T>> {
    if (Date.now() >= this.sharedFromMs) {
      const shared = await this.stores.fromRedis(key).catch(() => null); // Redis away: the truth is asked instead
      if (shared !== null && shared.revision >= floor) return shared;
    }
    const found = await this.stores.fromPostgres(key);
    if (found.document !== null) this.stores.toRedis(key, found);
    return found;
  }

  private keep(key: string, found: Versioned<T>): T | null {
    this.kept?.forget(key);
    this.changes += 1;
    if (found.document === null) {
      this.entries.delete(key);
      this.absent.set(key, Date.now() + this.options.absentMs);
      return null;
    }
    const nowMs = Date.now();
    const floor = this.floors.get(key) ?? 0; // it may have been superseded in its last reading
    this.absent.delete(key);
    this.entries.set(key, {
      document: found.document,
      revision: found.revision,
      refreshAtMs: nowMs + this.options.freshMs * (0.8 + 0.4 * Math.random()),
      staleAtMs: nowMs + this.options.staleMs,
      isSuperseded: found.revision < floor,
    });
    return found.document;
  }
}
