/** Log files of child processes: appended to by the child itself, so that it never depends on who reads them. */
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const LOG_FILE_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_LINES = 20;

/** A descriptor to append to. A file that has grown past 16 MiB becomes `<file>.1` first, in place of the last `.1`. */
export function openLogFile(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  if (existsSync(file) && statSync(file).size > LOG_FILE_BYTES_MAX) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** The last 20 lines of a log file; empty when there is no such file. */
export function tailOf(file: string): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
