/** Memory as Linux counts it, in `/proc`. */
import { readFileSync } from 'node:fs';

export const MEBIBYTE = 1_048_576;

/** What of a process is in memory, in bytes; NaN where there is no `/proc`, or no such process. */
export function processRssBytes(pid: number): number {
  try {
    return rssBytesOfStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return Number.NaN;
  }
}

/** Of the text of `/proc/PID/status`. */
export const rssBytesOfStatus = (status: string): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1_024;
