/** Random texts that are made once and kept in a file which only this user may read. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { errorCode } from './error-code.js';

/** The text in `file`; when there is none yet, 256 random bits in base64url are put there (mode 0600). */
export function privateText(file: string): string {
  return read(file) ?? make(file);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error; // unreadable is not absent: making a new one would lock us out of what the old one opens
  }
}

function make(file: string): string {
  const unfinished = `${file}.${process.pid}`;
  const text = randomBytes(32).toString('base64url');
  writeFileSync(unfinished, `${text}\n`, { mode: 0o600 });
  try {
    linkSync(unfinished, file); // unlike rename it fails when another process was first
    return text;
  } catch (error) {
    const first = read(file);
    if (first === null) throw error;
    return first;
  } finally {
    rmSync(unfinished);
  }
}
