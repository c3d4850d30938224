/** Random texts that are made once and kept in a file which only this user may read. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { errorCode } from './error-code.js';

/** The text in `file`; when there is none yet, what `newText` makes is put there (mode 0600): else 256 random bits. */
export function privateText(file: string, newText: () => string = randomText): string {
  return keptText(file) ?? make(file, newText());
}

const randomText = (): string => randomBytes(32).toString('base64url');

/** The text in `file`; null: there is none. */
export function keptText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error; // unreadable is not absent: making a new one would lock us out of what the old one opens
  }
}

function make(file: string, text: string): string {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${text}\n`, { mode: 0o600 });
  try {
    linkSync(unfinished, file); // unlike rename it fails when another process was first
    return text;
  } catch (error) {
    const first = keptText(file);
    if (first === null) throw error;
    return first;
  } finally {
    rmSync(unfinished);
  }
}
