/** The machine that a run was made on, and its two cores: one for what is measured, one for everything else. */
import { spawnSync } from 'node:child_process';
import os from 'node:os';

/** What is measured runs here. */
export const MEASURED_CORE = 0;
/** The load, the upstream, Postgres, Redis and the bench itself run here. */
export const LOAD_CORE = 1;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  /** false where `taskset` is missing or there is one core: ratios then say less */
  readonly isPinned: boolean;
}

const succeeds = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Moves this process, and so everything that it starts from now on, to the load's core; false when that cannot be. */
export function pinToLoadCore(): boolean {
  return os.cpus().length > 1 && succeeds('taskset', ['-a', '-c', '-p', String(LOAD_CORE), String(process.pid)]);
}

export function describeMachine(isPinned: boolean): Machine {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus.length,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    isPinned,
  };
}

/** The commit of the sources, with a `+` when they differ from it; null outside a git checkout. */
export function currentCommit(folder: string): string | null {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, encoding: 'utf8' });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return null;
  const isChanged = git('status', '--porcelain', '--untracked-files=no').stdout !== '';
  return head.stdout.trim() + (isChanged ? '+' : '');
}
