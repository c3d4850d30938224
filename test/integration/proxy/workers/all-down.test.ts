/** A supervisor with no worker left, and no port of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { childrenOf } from '../../../support/child-processes.js';
import { waitFor } from '../../../support/wait-for.js';

const SUPERVISOR = fileURLToPath(new URL('../../../support/idle-workers.js', import.meta.url));

test('when all workers end at once others take their places, and a stop meanwhile ends in good order', async () => {
  const supervisor = spawn(process.execPath, [SUPERVISOR], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = supervisor.pid ?? 0;
  const ended = once(supervisor, 'exit');
  const pids = (): number[] => childrenOf(pid).map((child) => child.pid);
  const killAll = (): number[] => {
    const killed = pids();
    for (const worker of killed) process.kill(worker, 'SIGKILL');
    return killed;
  };
  try {
    await once(supervisor.stdout, 'data');
    const first = killAll();
    expect(first).toHaveLength(2);
    const second = await waitFor(() => {
      const others = pids().filter((worker) => !first.includes(worker));
      return others.length === 2 && others;
    }, 'two other workers are there');
    expect(killAll()).toEqual(second);
    await waitFor(() => !pids().some((worker) => second.includes(worker)), 'the supervisor has heard of their end');
    supervisor.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    supervisor.kill('SIGKILL');
  }
});
