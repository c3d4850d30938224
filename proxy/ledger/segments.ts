/**
 * A spool's files. A segment is filled with zeros before it is used: a disk that is full says so ahead of time, and
 * syncing what is written into it later changes no metadata. One of which nothing is needed any more is as good as it
 * is, and is used again under the next number (docs/decisions/0053).
 */
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FrameKey } from './frames.js';

const NAME = /^(\d{8})\.frames$/;
/** Written at once: each write takes its way through the thread pool. Never written to, they are one page of memory. */
const ZEROS = Buffer.alloc(1024 * 1024);

export interface Segment {
  /** 1, 2, 3, … in the order in which they are written */
  readonly number: number;
  /** of its frames */
  readonly key: FrameKey;
  readonly file: FileHandle;
  readonly bytesMax: number;
  /** bytes of whole frames in it: what outlives this process */
  written: number;
  /** bytes that outlive the machine's crash too */
  synced: number;
  /** a write or a sync of it failed: it is not used again */
  isDistrusted: boolean;
}

/** What stands in it by now, and how it got there. */
const UNUSED = { written: 0, synced: 0, isDistrusted: false };

const segmentPath = (folder: string, number: number): string =>
  path.join(folder, `${String(number).padStart(8, '0')}.frames`);

/** What is known of a segment before there is one. */
export type SegmentName = Pick<Segment, 'number' | 'key'>;

/** Throws what the disk says (ENOSPC, EROFS, …), and leaves no file behind then. */
export async function createSegment(folder: string, { number, key }: SegmentName, bytesMax: number): Promise<Segment> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = segmentPath(folder, number);
  const file = await open(name, 'wx+', 0o600);
  try {
    for (let at = 0; at < bytesMax; at += ZEROS.length) {
      await file.write(ZEROS, 0, Math.min(ZEROS.length, bytesMax - at), at);
    }
    await file.sync();
    await syncFolder(folder);
  } catch (error) {
    await file.close();
    await rm(name, { force: true });
    throw error;
  }
  return { number, key, file, bytesMax, ...UNUSED };
}

/**
 * Makes a segment of which nothing is needed any more another one, that is unused: its frames have the key of the one
 * before, and are none in it. Resolves when no crash of the machine brings back its name. May be tried again when it
 * rejects.
 */
export async function reuseSegment(folder: string, segment: Segment, { number, key }: SegmentName): Promise<Segment> {
  const [from, to] = [segmentPath(folder, segment.number), segmentPath(folder, number)];
  await rename(from, to);
  try {
    await syncFolder(folder);
  } catch (error) {
    await rename(to, from); // or it could not be tried again
    throw error;
  }
  return { number, key, file: segment.file, bytesMax: segment.bytesMax, ...UNUSED };
}

/**
 * The segments of a spool whose owner is gone, oldest first, whole: where their frames end, only reading them tells.
 */
export async function openSegments(folder: string, keyOf: (number: number) => FrameKey): Promise<Segment[]> {
  const numbers = (await readdir(folder)).map((name) => Number(NAME.exec(name)?.[1])).filter((number) => number > 0);
  const segments: Segment[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const name = segmentPath(folder, number);
    const { size } = await stat(name);
    const file = await open(name, 'r');
    segments.push({ ...UNUSED, number, key: keyOf(number), file, bytesMax: size, written: size, synced: size });
  }
  return segments;
}

/**
 * Resolves when the file will not come back. Otherwise a machine's crash could bring back an intent whose end stood in
 * a later segment that stays away, and a request that was abandoned would be recorded. May be tried again when it
 * rejects.
 */
export async function removeSegment(folder: string, segment: Segment): Promise<void> {
  await rm(segmentPath(folder, segment.number), { force: true });
  await syncFolder(folder);
  await segment.file.close();
}

/** The names of files are in their folder, which is synced for itself: those that came, and those that went. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
