/** What a spool says of requests that were neither settled nor abandoned. */
import { FRAME_KINDS, type FrameScan } from './frames.js';
import { SpoolReader, type SpoolSource } from './spool-reader.js';

export interface OpenFrames {
  /** the highest number that a record has */
  readonly lastSeq: number;
  /** request id → the frame, whole, that was written of it last; in the order in which they were opened */
  readonly frames: ReadonlyMap<string, Buffer>;
}

export async function openFrames(source: SpoolSource): Promise<OpenFrames> {
  const reader = new SpoolReader(source);
  const frames = new Map<string, Buffer>();
  let lastSeq = 0;
  for (let scan = await reader.next(); scan !== null; scan = await reader.next()) {
    while (scan.next()) {
      lastSeq = Math.max(lastSeq, scan.number);
      note(frames, scan);
    }
  }
  return { lastSeq, frames };
}

function note(frames: Map<string, Buffer>, scan: FrameScan): void {
  if (scan.kind === FRAME_KINDS.open) frames.set(scan.id, Buffer.from(scan.bytes.subarray(scan.start, scan.end)));
  else frames.delete(scan.id);
}
