/** Other processes of this machine, known by their pid alone: whether they live, what they are, how they end. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from './error-code.js';

/** True while a process with this pid exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists, and belongs to somebody else
    return errorCode(error) === 'EPERM';
  }
}

/**
 * The command line of a live process, arguments separated by spaces; null when there is no such process. A pid from a
 * file may have been given to another program since: compare this before trusting or signalling it.
 */
export function commandOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-ww', '-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).trim() || null;
    }
    // A zombie has an empty command line: it has ended, only its parent has not asked yet.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
  } catch {
    return null;
  }
}

/** Waits until the process has ended; false when it still lives after `timeoutMs`. */
export async function hasEnded(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (commandOf(pid) !== null) {
    if (Date.now() >= deadline) return false;
    await delay(10);
  }
  return true;
}

/** Sends `signal`; after `timeoutMs` without an end, `lastSignal`. Resolves when the process has ended or got that. */
export async function endProcess(
  pid: number,
  { signal, lastSignal, timeoutMs }: { signal: NodeJS.Signals; lastSignal: NodeJS.Signals; timeoutMs: number },
): Promise<void> {
  if (!send(pid, signal)) return;
  if (await hasEnded(pid, timeoutMs)) return;
  if (send(pid, lastSignal)) await hasEnded(pid, timeoutMs);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it ended by itself
  }
}
