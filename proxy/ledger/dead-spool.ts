/**
 * The spool of a process that is no more: its records are shipped to the last, and every request that it had open gets
 * the record that was written down for this case. Then the spool is removed.
 */
import { rename } from 'node:fs/promises';
import { CompositeRows } from '../usage/composite-rows.js';
import { FRAME_HEAD_BYTES, type FrameKey } from './frames.js';
import { openFrames, type OpenFrames } from './open-frames.js';
import { openSegments, type Segment } from './segments.js';
import type { Shipments } from './shipments.js';
import { SpoolShipper } from './spool-shipper.js';

/** What came of a dead spool. */
export interface Inheritance {
  /** requests that the process had open when it ended */
  readonly interrupted: number;
  readonly damagedBytes: number;
  readonly missing: number;
}

export interface DeadSpoolOptions {
  readonly id: string;
  readonly folder: string;
  /** of the frames in each of its segments */
  readonly keyOf: (segment: number) => FrameKey;
  /** where it is moved when some of it could not be read, in place of being removed */
  readonly damagedFolder: string;
  /** removes it otherwise, so that nothing of it comes back */
  readonly remove: () => Promise<void>;
  readonly host: string;
  readonly shipments: Shipments;
  /** asked before each run, of which each takes a fraction of a second; a spool may have a thousand */
  readonly isStopping: () => boolean;
}

/**
 * Whoever calls holds the spool's lock. Rejects when Postgres cannot take it now: all of it is still there. So it is
 * where null comes back: it was told to stop, and whoever comes next goes on at the cursor.
 */
export async function shipDeadSpool(options: DeadSpoolOptions): Promise<Inheritance | null> {
  const { id, folder, host, shipments, isStopping } = options;
  const segments = await openSegments(folder, options.keyOf);
  try {
    const source = { segments };
    const left = await openFrames(source);
    const shipper = new SpoolShipper(id, host, source, shipments);
    do {
      if (isStopping()) return null;
    } while (await shipper.shipNext(left.lastSeq));
    const interrupted = await shipInterrupted(shipper, shipments, left);
    await shipments.close(id); // also when its files are gone, and nothing was read
    const { damagedBytes, missing } = shipper;
    if (damagedBytes > 0) await rename(folder, options.damagedFolder);
    else await options.remove();
    return { interrupted, damagedBytes, missing };
  } finally {
    await closeAll(segments);
  }
}

/** Numbered behind all others, in the order in which they were opened; returns how many. */
async function shipInterrupted(shipper: SpoolShipper, shipments: Shipments, left: OpenFrames): Promise<number> {
  if (left.frames.size === 0) return 0;
  // Some have a record already: shipped by whoever began this before, or by a frame that a host's crash took.
  const recorded = await shipments.recorded(await shipper.cursor(), [...left.frames.keys()]);
  const rows = new CompositeRows();
  for (const [id, frame] of left.frames) if (!recorded.has(id)) rows.addWritten(frame.subarray(FRAME_HEAD_BYTES));
  if (rows.count > 0) await shipper.shipBehind(rows, left.lastSeq);
  return rows.count;
}

async function closeAll(segments: readonly Segment[]): Promise<void> {
  for (const { file } of segments) await file.close();
}
