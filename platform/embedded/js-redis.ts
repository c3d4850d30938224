/** Launching js-redis-server in a process of its own, so that its work never holds up the process that started it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openLogFile, tailOf } from '../log-file.js';
import type { RedisPlace, RunningRedis } from './redis.js';

const PROGRAM = fileURLToPath(new URL('js-redis-process.js', import.meta.url));
const START_TIMEOUT_MS = 15_000;

export async function launchJsRedis(place: RedisPlace): Promise<RunningRedis> {
  const log = openLogFile(place.logFile);
  const child = fork(PROGRAM, [place.socket], {
    cwd: place.folder,
    detached: true, // its own process group: Ctrl-C must not stop it under a draining api
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const isReady = await Promise.race([
    once(child, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }).then(
      () => true,
      () => false,
    ),
    once(child, 'exit').then(() => false),
  ]);
  if (!isReady) {
    child.kill('SIGKILL');
    throw new Error(`js-redis-server did not start. The end of its log:\n${tailOf(place.logFile)}`);
  }
  child.unref();
  child.channel?.unref();
  return { pid: child.pid ?? 0, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.ref();
  child.kill('SIGKILL'); // it keeps nothing, so there is nothing to write
  await ended;
}
