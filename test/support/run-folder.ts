/**
 * The temporary folder of one test run. Its name holds the run's pid, so that a later run finds what a killed one left
 * behind, ends the servers that still run in it, and removes it.
 */
import { mkdtempSync, chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandOf, endProcess, isAlive } from '../../platform/running-process.js';

const PREFIX = 'tollgate-test-';

export function makeRunFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o711); // the embedded Postgres may run as another user
  return folder;
}

/** Clears up after runs that were killed. Touches only processes whose command line names such a run's folder. */
export async function removeAbandonedRuns(): Promise<void> {
  for (const name of readdirSync(os.tmpdir())) {
    const runPid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (runPid === undefined || isAlive(Number(runPid))) continue;
    const folder = path.join(os.tmpdir(), name);
    try {
      for (const pid of serverPids(folder))
        await endProcess(pid, { signal: 'SIGINT', lastSignal: 'SIGKILL', timeoutMs: 5_000 });
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // another user's run, or another run is clearing it up
    }
  }
}

function serverPids(folder: string): number[] {
  const pidFiles = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.pid'));
  return pidFiles
    .map((file) => parseInt(readFileSync(path.join(folder, file), 'utf8'), 10))
    .filter((pid) => commandOf(pid)?.includes(folder));
}
