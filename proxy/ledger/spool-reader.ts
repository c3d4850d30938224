/**
 * Reads a spool's frames in order, in large pieces: the spool of this process while it grows, or that of a dead one.
 */
import { FRAME_HEAD_BYTES, FRAME_PAYLOAD_BYTES_MAX, FrameScan } from './frames.js';
import type { Segment } from './segments.js';

/** More than a whole frame, so that a piece that holds none holds damage. */
const PIECE_BYTES = 2 * (FRAME_PAYLOAD_BYTES_MAX + FRAME_HEAD_BYTES);

/** What is read: up to `synced`, which is where a whole frame ends. */
export interface SpoolSource {
  /** oldest first */
  readonly segments: readonly Segment[];
}

export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

export function laterOf(a: SpoolPosition, b: SpoolPosition): SpoolPosition {
  return a.segment === b.segment ? (a.offset < b.offset ? b : a) : a.segment < b.segment ? b : a;
}

export class SpoolReader {
  /** of what was passed over and was no frame though frames follow it */
  damagedBytes = 0;
  private readonly piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  private scan: FrameScan | null = null;
  private isLastPiece = true;
  /** the end of the present segment, once nothing but an unwritten or torn rest was found before it */
  private readTo: number | null = null;
  /** bytes without a frame since the last one: damage if another one follows in the segment, else its unwritten end */
  private passedOver = 0;
  /** where the piece begins */
  private at: SpoolPosition = { segment: 0, offset: 0 };

  constructor(private readonly source: SpoolSource) {}

  /** where the next frame begins, as far as is known */
  get position(): SpoolPosition {
    return { segment: this.at.segment, offset: this.at.offset + (this.scan?.end ?? 0) };
  }

  /** Reads on from `position`. */
  seek(position: SpoolPosition): void {
    this.at = position;
    this.scan = null;
    this.readTo = null;
    this.passedOver = 0;
  }

  /**
   * The frames of the next piece; null: there are no more now. Valid until the next call. A frame that is left unread
   * there, the last one included (`scan.end = scan.start`), comes again.
   */
  async next(): Promise<FrameScan | null> {
    this.leave();
    for (;;) {
      const segment = this.segment();
      if (segment === null) return null;
      if (segment.number !== this.at.segment) this.goTo(segment.number); // that one is gone
      const left = segment.synced - this.at.offset;
      if (left > 0 && segment.synced !== this.readTo) {
        await this.read(segment, Math.min(left, PIECE_BYTES));
        return this.scan;
      }
      if (!this.isFinal(segment)) return null;
      this.goTo(segment.number + 1);
    }
  }

  /** Steps behind the frames of the present piece. */
  private leave(): void {
    const { scan } = this;
    if (scan === null) return;
    this.scan = null;
    const { segment, offset } = this.at;
    const isNothingFound = scan.isExhausted && scan.end === 0 && !this.isLastPiece;
    // A frame that begins before its middle would have been found.
    const step = isNothingFound ? PIECE_BYTES / 2 : scan.end;
    if (isNothingFound) this.passedOver += step;
    else if (scan.end > 0) {
      this.damagedBytes += scan.damagedBytes + this.passedOver;
      this.passedOver = 0;
    }
    if (this.isDone(scan)) return this.goTo(segment + 1);
    this.at = { segment, offset: offset + step };
    this.readTo = this.isLastPiece && scan.isExhausted ? offset + scan.bytes.length : null;
    return undefined;
  }

  private goTo(segment: number): void {
    this.at = { segment, offset: 0 };
    this.readTo = null;
    this.passedOver = 0; // it was the unwritten end of the segment before
  }

  /** Nothing but an unwritten or torn end is left of a segment that is final, and was so when it was read. */
  private isDone(scan: FrameScan): boolean {
    const segment = this.segment();
    if (segment?.number !== this.at.segment) return true; // it is gone
    return scan.isExhausted && this.isFinal(segment) && this.at.offset + scan.bytes.length === segment.synced;
  }

  /** There is another behind it, so it grows no more; and all of it may be read. */
  private isFinal(segment: Segment): boolean {
    return segment !== this.source.segments.at(-1) && segment.synced === segment.written;
  }

  private segment(): Segment | null {
    return this.source.segments.find(({ number }) => number >= this.at.segment) ?? null;
  }

  private async read(segment: Segment, length: number): Promise<void> {
    const { offset } = this.at;
    const { bytesRead } = await segment.file.read(this.piece, 0, length, offset);
    this.isLastPiece = offset + bytesRead === segment.synced;
    this.scan = new FrameScan(this.piece.subarray(0, bytesRead), segment.key, this.isLastPiece);
  }
}
