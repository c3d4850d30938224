/**
 * A disk that takes nothing, for one process and without being root: the kernel refuses each write to a file beyond the
 * limit on its size, as it refuses those to a full disk.
 */
import { spawnSync } from 'node:child_process';

function limitFiles(pid: number, soft: string): void {
  const { status, error } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${soft}:`]);
  if (status !== 0) throw new Error('prlimit (util-linux) could not set the limit', { cause: error });
}

export const fillDiskOf = (pid: number): void => limitFiles(pid, '0');
export const freeDiskOf = (pid: number): void => limitFiles(pid, 'unlimited');
