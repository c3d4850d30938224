/**
 * What every program of the bench is made of: lines on stdout, a folder of its own, and an end that stops all it
 * started.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onShutdown } from '../platform/shutdown.js';
import { Running } from './running.js';

export const say = (line: string): boolean => process.stdout.write(`${line}\n`);

export interface BenchRun {
  /** what was started, and stops with the program */
  readonly running: Running;
  /** stops all of it, and ends the program with this code */
  readonly shutDown: (exitCode: number) => Promise<void>;
}

/** To be called once, before anything is started: it listens to the signals that end the program. */
export function beginRun(): BenchRun {
  const running = new Running();
  const shutDown = onShutdown({
    steps: [{ name: 'stopping what was started', run: () => running.stopAll() }],
    report: (what, error) =>
      process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`),
  });
  return { running, shutDown };
}

/** An empty folder that is removed with the run. */
export async function makeFolder(): Promise<{ path: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tollgate-bench-'));
  chmodSync(folder, 0o711); // Postgres may run as another user
  return { path: folder, stop: async () => rmSync(folder, { recursive: true, force: true }) };
}
