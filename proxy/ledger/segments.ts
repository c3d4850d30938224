/**
 * A spool's files. A segment is filled with zeros before it is used: a disk that is full says so ahead of time, and
 * syncing what is written into it later changes no metadata.
 */
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

const NAME = /^(\d{8})\.frames$/;
/** Written at once: each write takes its way through the thread pool. Never written to, they are one page of memory. */
const ZEROS = Buffer.alloc(1024 * 1024);

export interface Segment {
  /** 1, 2, 3, … in the order in which they are written */
  readonly number: number;
  readonly file: FileHandle;
  readonly bytesMax: number;
  /** bytes of whole frames in it: what outlives this process */
  written: number;
  /** bytes that outlive the machine's crash too */
  synced: number;
}

const segmentPath = (folder: string, number: number): string =>
  path.join(folder, `${String(number).padStart(8, '0')}.frames`);

/** Throws what the disk says (ENOSPC, EROFS, …), and leaves no file behind then. */
export async function createSegment(folder: string, number: number, bytesMax: number): Promise<Segment> {
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
  return { number, file, bytesMax, written: 0, synced: 0 };
}

/**
 * The segments of a spool whose owner is gone, oldest first, whole: where their frames end, only reading them tells.
 */
export async function openSegments(folder: string): Promise<Segment[]> {
  const numbers = (await readdir(folder)).map((name) => Number(NAME.exec(name)?.[1])).filter((number) => number > 0);
  const segments: Segment[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const name = segmentPath(folder, number);
    const { size } = await stat(name);
    segments.push({ number, file: await open(name, 'r'), bytesMax: size, written: size, synced: size });
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
