/** CPU time as Linux counts it, in `/proc`: of one process with all its threads, and of one core. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** `USER_HZ`: the unit of `/proc`, the same on every Linux. */
const TICK_MS = 10;
const IDLE_WINDOW_MS = 150;

/**
 * User and system time of `/proc/PID/stat`, in ms; the command in parentheses may itself hold spaces and parentheses.
 */
export function cpuMsOfStat(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** CPU time that a process has used so far, in ms, in steps of 10; NaN where there is no `/proc`. */
export function processCpuMs(pid: number): number {
  try {
    return cpuMsOfStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return Number.NaN;
  }
}

/** Time that a core was busy so far, in ms: all but idle and waiting for disks; from the text of `/proc/stat`. */
export function busyMsOfStat(stat: string, core: number): number {
  const line = stat.split('\n').find((candidate) => candidate.startsWith(`cpu${core} `));
  const [user, nice, system, , , irq, softirq, steal] = (line ?? '').split(' ').slice(1).map(Number);
  return (
    [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? Number.NaN), 0) * TICK_MS
  );
}

export function coreBusyMs(core: number): number {
  try {
    return busyMsOfStat(readFileSync('/proc/stat', 'utf8'), core);
  } catch {
    return Number.NaN;
  }
}

/**
 * Waits until the process rests: what it still does after the last answer (writing usage) is work of those requests.
 */
export async function untilIdle(pid: number, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let before = processCpuMs(pid); performance.now() < deadline;) {
    await delay(IDLE_WINDOW_MS);
    const now = processCpuMs(pid);
    if (!(now - before > TICK_MS)) return;
    before = now;
  }
}
