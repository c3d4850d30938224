/**
 * What this proxy knows, written to its disk again and again, for a start while the stores are away: account names,
 * token grants, policies, the price list, and among how many proxies limits are divided. In lines of JSON:
 *
 *     header | prices | head of a document | document | head of a document | …
 *
 * Nothing of it is served while a store answers, and nothing longer than it would have been by the process that knew
 * it. A file that cannot be used is none. Written in the background, in pieces, at most a fiftieth of the time.
 */
import { z } from 'zod';
import type { Logger } from '../../platform/logger.js';
import type { PriceSource } from '../pricing/price-source.js';
import type { LiveProxies } from '../rate-limits/live-proxies.js';
import type { ChangeFollower } from './change-follower.js';
import type { KeptText } from './kept-documents.js';
import { DOCUMENT_NAMES, type DocumentName, type PolicyCache } from './policy-cache.js';
import type { SnapshotFile } from './snapshot-file.js';

const MEBIBYTE = 1024 * 1024;
/** Of each kind, in bytes of JSON; those used longest ago are left out. */
const BYTES_MAX: Readonly<Record<DocumentName, number>> = {
  accounts: 8 * MEBIBYTE,
  tokens: 24 * MEBIBYTE,
  policies: 32 * MEBIBYTE,
};
const PRICES_BYTES_MAX = 24 * MEBIBYTE;
/** What is encoded and encrypted in one go: 1 ms. */
const PIECE_BYTES = 64 * 1024;
const LOOK_INTERVAL_MS = 1_000;
const WRITE_INTERVAL_MS_MIN = 5_000;
/** So many times as long as a writing took passes until the next one. */
const PAUSE_FACTOR = 50;

const headerSchema = z.object({
  /** Unix ms: all changes before were known */
  heardAtMs: z.number(),
  liveProxies: z.int().min(1),
  priceVersion: z.int().min(0),
});
type Header = z.infer<typeof headerSchema>;
const documentHeadSchema = z.tuple([z.enum(DOCUMENT_NAMES), z.string(), z.number(), z.number()]);

export interface SnapshotSources {
  readonly file: SnapshotFile;
  /** those of the processes that share this one's port: what they knew is taken in too, and never written */
  readonly others?: readonly SnapshotFile[];
  readonly cache: Pick<PolicyCache, 'documents' | 'kept'>;
  readonly prices: Pick<PriceSource, 'current' | 'text' | 'restore'>;
  readonly follower: Pick<ChangeFollower, 'heardAtMs'>;
  readonly proxies: Pick<LiveProxies, 'count'>;
  /** what is older is of no use to anybody */
  readonly staleMs: number;
  readonly log: Logger;
}

export class PolicySnapshot {
  /** `leftOut`: documents of the last writing that found no room */
  readonly counts = { written: 0, failed: 0, unusable: 0, leftOut: 0, bytes: 0 };
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;
  private writtenState = '';
  private nextAtMs = 0;
  private isFailing = false;

  constructor(private readonly sources: SnapshotSources) {}

  /** Takes in what was written last; false: there is nothing that could be used, which is no failure. */
  async restore(): Promise<boolean> {
    const { file, others = [] } = this.sources;
    const room = { ...BYTES_MAX };
    let taken: Header | null = null;
    for (const each of [file, ...others]) taken = (await this.restoreFrom(each, room, taken)) ?? taken;
    return taken !== null;
  }

  /** Null: there is nothing in it that could be used. `before`: what the files before this one said. */
  private async restoreFrom(
    file: SnapshotFile,
    room: Record<DocumentName, number>,
    before: Header | null,
  ): Promise<Header | null> {
    try {
      await file.removeUnfinished();
      const text = await file.read();
      return text === null ? null : this.take(text, room, before);
    } catch (error) {
      this.counts.unusable += 1;
      const { log } = this.sources;
      log.warn({ err: error }, 'the policy snapshot on this disk cannot be used; the proxy begins without it');
      return null;
    }
  }

  start(): void {
    this.timer = setInterval(() => {
      if (performance.now() >= this.nextAtMs) void this.write();
    }, LOOK_INTERVAL_MS).unref();
  }

  /** Writes what is known now, and no more afterwards. Never rejects. */
  async stop(): Promise<void> {
    if (this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    await this.writing;
    await this.write();
  }

  /** Something is known that was not written yet. */
  get isBehind(): boolean {
    return this.state() !== this.writtenState;
  }

  /** Never rejects; does nothing when nothing has changed. */
  private async write(): Promise<void> {
    if (!this.isBehind) return;
    this.writing ??= this.writeNow(this.state()).finally(() => (this.writing = null));
    await this.writing;
  }

  private async writeNow(state: string): Promise<void> {
    const { file, log } = this.sources;
    const beganMs = performance.now();
    try {
      this.counts.bytes = await file.write(inPieces(this.lines()));
      this.counts.written += 1;
      this.writtenState = state;
      this.isFailing = false;
    } catch (error) {
      this.counts.failed += 1;
      if (!this.isFailing) log.warn({ err: error }, 'the policy snapshot could not be written; the one before stands');
      this.isFailing = true;
    }
    const endedMs = performance.now();
    this.nextAtMs = endedMs + Math.max(WRITE_INTERVAL_MS_MIN, PAUSE_FACTOR * (endedMs - beganMs));
  }

  private state(): string {
    const { cache, prices, proxies } = this.sources;
    const changes = DOCUMENT_NAMES.map((name) => cache.documents[name].changes);
    return [...changes, prices.current.version, proxies.count].join();
  }

  private *lines(): Generator<Buffer> {
    const { cache, prices, follower, proxies } = this.sources;
    const header: Header = {
      heardAtMs: follower.heardAtMs,
      liveProxies: proxies.count,
      priceVersion: prices.current.version,
    };
    yield lineOf(JSON.stringify(header));
    const pricesLine = lineOf(prices.text);
    if (pricesLine.length > PRICES_BYTES_MAX) throw new RangeError('the price list is too large for a snapshot');
    yield pricesLine;
    this.counts.leftOut = 0;
    for (const name of DOCUMENT_NAMES) {
      let left = BYTES_MAX[name];
      for (const [key, kept] of cache.documents[name].texts()) {
        const lines = documentLines(name, key, kept);
        if (lines.length > left) this.counts.leftOut += 1;
        else yield lines;
        left -= Math.min(left, lines.length); // behind the first that found no room there is none
      }
    }
  }

  /** All of it or nothing: what cannot be read throws before anything is taken. */
  private take(text: Buffer, room: Record<DocumentName, number>, before: Header | null): Header {
    const { cache, prices, follower, proxies, staleMs } = this.sources;
    const lines = linesOf(text);
    const header = headerSchema.parse(jsonOf(lines.next().value));
    const ageMs = Date.now() - header.heardAtMs;
    if (ageMs > staleMs) throw new RangeError('the policy snapshot is too old');
    if (ageMs < 0) throw new RangeError('the policy snapshot is of a time to come');
    const priceList = lines.next().value;
    const documents: [name: DocumentName, key: string, kept: KeptText][] = [];
    for (const line of lines) {
      const [name, key, revision, loadedAtMs] = documentHeadSchema.parse(jsonOf(line));
      const document = lines.next().value;
      if (document === undefined) throw new RangeError('the policy snapshot ends in the middle');
      documents.push([name, key, { revision, loadedAtMs, text: document }]);
    }
    if (before === null || header.priceVersion > before.priceVersion) {
      prices.restore(header.priceVersion, jsonOf(priceList));
    }
    for (const [name, key, kept] of documents) {
      room[name] -= kept.text.length; // the siblings together may take what one may
      if (room[name] >= 0) cache.kept[name].add(key, kept);
    }
    const all: Header = {
      heardAtMs: Math.min(header.heardAtMs, before?.heardAtMs ?? Infinity),
      liveProxies: Math.max(header.liveProxies, before?.liveProxies ?? 1),
      priceVersion: Math.max(header.priceVersion, before?.priceVersion ?? 0),
    };
    proxies.count = all.liveProxies;
    follower.heardAtMs = all.heardAtMs;
    return all;
  }
}

const lineOf = (json: string): Buffer => Buffer.from(`${json}\n`);

function documentLines(name: DocumentName, key: string, { revision, loadedAtMs, text }: KeptText): Buffer {
  const head: z.infer<typeof documentHeadSchema> = [name, key, revision, loadedAtMs];
  return lineOf(`${JSON.stringify(head)}\n${text.toString()}`);
}

function* inPieces(lines: Iterable<Buffer>): Generator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const line of lines) {
    waiting.push(line);
    bytes += line.length;
    if (bytes < PIECE_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  yield Buffer.concat(waiting);
}

function* linesOf(text: Buffer): Generator<Buffer, undefined> {
  for (let at = 0, end = text.indexOf(10); end !== -1; end = text.indexOf(10, at)) {
    yield text.subarray(at, end);
    at = end + 1;
  }
}

function jsonOf(line: Buffer | undefined): unknown {
  if (line === undefined) throw new RangeError('the policy snapshot ends in the middle');
  return JSON.parse(line.toString());
}
