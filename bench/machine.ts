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
  /** whether what answers requests runs before Redis and Postgres on the load's core */
  readonly answersFirst: boolean;
}

const succeeds = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** Moves this process, and so everything that it starts from now on, to the load's core; false when that cannot be. */
export function pinToLoadCore(): boolean {
  return os.cpus().length > 1 && succeeds('taskset', ['-a', '-c', '-p', String(LOAD_CORE), String(process.pid)]);
}

/**
 * Who has the load's core before others, as real-time priorities: what each request waits for before Redis, for which
 * one of a busy gateway does not wait, and that before Postgres, for which none does. While these two held the core,
 * what is measured had nothing to do (docs/decisions/0049): in production each has processors of its own.
 */
export const PRIORITIES = { loadAndUpstream: 2, redis: 1 } as const;

/**
 * Lets a process have its core before all others but its like, as soon as it has something to do. False where that is
 * not allowed: it takes the right to real-time priorities (CAP_SYS_NICE).
 */
export const runFirst = (pid: number, priority: number): boolean =>
  succeeds('chrt', ['-a', '--rr', '-p', String(priority), String(pid)]);

/** `answersFirst`: true as well where nothing is asked and nothing answers. */
export function describeMachine(isPinned: boolean, answersFirst = true): Machine {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus.length,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    isPinned,
    answersFirst,
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
