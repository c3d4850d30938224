/** A real redis-server or valkey-server: launching, adopting and stopping it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openLogFile, tailOf } from '../log-file.js';
import { commandOf, endProcess } from '../running-process.js';
import type { RedisPlace, RunningRedis } from './redis.js';

const START_TIMEOUT_MS = 30_000; // reading a large dump back
const STOP_TIMEOUT_MS = 10_000;

/** The server that an earlier, killed start left running at this place; null when there is none. */
export async function adoptRedisServer(place: RedisPlace): Promise<RunningRedis | null> {
  const pid = pidOf(place);
  // Redis shows its socket in its process title, which tells it from a stranger that was given the same pid.
  if (pid === null || !commandOf(pid)?.includes(place.socket)) return null;
  await untilAnswering(place, pid);
  return { pid, stop: () => stop(pid) };
}

export async function launchRedisServer(program: string, place: RedisPlace): Promise<RunningRedis> {
  rmSync(place.socket, { force: true });
  const log = openLogFile(place.logFile);
  const child = spawn(program, serverArguments(place), {
    cwd: place.folder,
    detached: true, // its own process group: Ctrl-C must not stop it under a draining api
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  await once(child, 'spawn'); // rejects when the program cannot be run
  child.unref();
  const pid = child.pid ?? 0;
  await untilAnswering(place, pid);
  return { pid, stop: () => stop(pid) };
}

const pidFileOf = (place: RedisPlace): string => path.join(place.folder, 'redis.pid');

function pidOf(place: RedisPlace): number | null {
  try {
    return Number(readFileSync(pidFileOf(place), 'utf8'));
  } catch {
    return null;
  }
}

/** SIGTERM makes it write its dump before it ends. */
const stop = (pid: number): Promise<void> =>
  endProcess(pid, { signal: 'SIGTERM', lastSignal: 'SIGKILL', timeoutMs: STOP_TIMEOUT_MS });

function serverArguments(place: RedisPlace): string[] {
  const settings: Record<string, string> = {
    port: '0',
    unixsocket: place.socket,
    unixsocketperm: '700',
    pidfile: pidFileOf(place),
    dir: place.folder,
    dbfilename: 'dump.rdb',
    appendonly: 'no',
    save: '60 1',
    // A full disk must not stop policies from being published; everything in Redis can be made again.
    'stop-writes-on-bgsave-error': 'no',
    'set-proc-title': 'yes',
    daemonize: 'no',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function untilAnswering(place: RedisPlace, pid: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answersPing(place.socket))) {
    if (commandOf(pid) === null || Date.now() > deadline) {
      throw new Error(`The embedded Redis did not start. The end of its log:\n${tailOf(place.logFile)}`);
    }
    await delay(10);
  }
}

/** True once the server at `socket` answers commands (while it reads its dump back it answers -LOADING). */
async function answersPing(socket: string): Promise<boolean> {
  const connection = connect(socket).setTimeout(1_000);
  try {
    connection.on('timeout', () => connection.destroy(new Error('no answer in time')));
    connection.write('PING\r\n');
    const received: unknown[] = await once(connection, 'data');
    return String(received[0]).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}
