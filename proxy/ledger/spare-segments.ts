/**
 * Segments that lie ready for a spool: made ahead, so that requests in flight can settle when the disk is full, or used
 * before (docs/decisions/0053). They are numbered in the order in which they are used.
 */
import { segmentKey, type FrameKey } from './frames.js';
import { createSegment, removeSegment, reuseSegment, type Segment, type SegmentName } from './segments.js';

/** So many lie ready. */
const SPARES_MIN = 2;
/** One more is kept that was used before: the next one is needed before all in the present one is shipped. */
const SPARES_MAX = SPARES_MIN + 1;

export interface SpareSegmentsOptions {
  readonly folder: string;
  readonly segmentBytes: number;
  /** from which those of the segments are made */
  readonly key: FrameKey;
}

export class SpareSegments {
  /** why there is no further segment ready; null: there is, or it is being made */
  problem: unknown = null;
  private readonly ready: Segment[] = [];
  private lastNumber = 0;
  /** one is being made or let go, and no other meanwhile: the later number might lie ready first */
  private making: Promise<void> | null = null;

  constructor(private readonly options: SpareSegmentsOptions) {}

  get count(): number {
    return this.ready.length;
  }

  /** bytes of disk that they take */
  get diskBytes(): number {
    let bytes = 0;
    for (const { bytesMax } of this.ready) bytes += bytesMax;
    return bytes;
  }

  /** Takes the next one, for good; undefined: none lies ready. Others are made in its place. */
  take(): Segment | undefined {
    const next = this.ready.shift();
    void this.replenish();
    return next;
  }

  /** Makes as many as are missing; never rejects. */
  async replenish(): Promise<void> {
    if (this.ready.length < SPARES_MIN) this.making ??= this.makeMissing();
    await this.making;
  }

  /** Makes the first one, which is used at once; throws what the disk says. */
  make(): Promise<Segment> {
    const { folder, segmentBytes } = this.options;
    return createSegment(folder, this.nextName(), segmentBytes);
  }

  /**
   * Lets go of a segment of which nothing is needed any more: it lies ready again, or is removed. It is still there
   * when this rejects.
   */
  async release(segment: Segment): Promise<void> {
    while (this.making !== null) await this.making;
    const releasing = this.isWanted(segment) ? this.reuse(segment) : removeSegment(this.options.folder, segment);
    this.making = releasing.then(this.hasMade, this.hasMade);
    await releasing;
    void this.replenish();
  }

  /** Nothing may be asked for afterwards. */
  async close(): Promise<void> {
    while (this.making !== null) await this.making;
    for (const { file } of this.ready) await file.close();
  }

  private isWanted({ isDistrusted, written, bytesMax }: Segment): boolean {
    return this.ready.length < SPARES_MAX && !isDistrusted && written <= bytesMax;
  }

  private async reuse(segment: Segment): Promise<void> {
    this.ready.push(await reuseSegment(this.options.folder, segment, this.nextName()));
    if (this.ready.length >= SPARES_MIN) this.problem = null; // a full disk is none any more
  }

  private async makeMissing(): Promise<void> {
    try {
      while (this.ready.length < SPARES_MIN) this.ready.push(await this.make());
      this.problem = null;
    } catch (error) {
      this.problem = error;
    } finally {
      this.hasMade();
    }
  }

  private readonly hasMade = (): void => void (this.making = null);

  private nextName(): SegmentName {
    const number = ++this.lastNumber;
    return { number, key: segmentKey(this.options.key, number) };
  }
}
