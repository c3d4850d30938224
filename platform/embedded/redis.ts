/**
 * The embedded Redis: a real `redis-server` or `valkey-server` when one is on PATH, else js-redis-server in a process
 * of ours. Always on a unix socket that only this user can open. A real one keeps its state in DATA_DIR and is adopted
 * after a killed start; js-redis-server forgets everything when it ends, and ends with its parent.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { socketPath } from '../socket-path.js';
import { launchJsRedis } from './js-redis.js';
import { adoptRedisServer, launchRedisServer } from './redis-server.js';

export type RedisKind = 'redis-server' | 'valkey-server' | 'js-redis-server';
const REAL_SERVERS = ['redis-server', 'valkey-server'] as const;

export interface EmbeddedRedisOptions {
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** which one to run; default: the first real one on PATH, else js-redis-server */
  readonly kind?: RedisKind;
}

/** The process of one kind of server. */
export interface RunningRedis {
  readonly pid: number;
  stop(): Promise<void>;
}

export interface EmbeddedRedis extends RunningRedis {
  /** `unix:///path/of/the/socket` */
  readonly url: string;
  readonly kind: RedisKind;
  /** as the server reports it (js-redis-server reports the version that it imitates) */
  readonly version: string;
}

/** How one kind of server runs: on this socket, with its files in this folder. */
export interface RedisPlace {
  readonly socket: string;
  readonly folder: string;
  readonly logFile: string;
}

/** Starts (or adopts) the Redis of `dataDir`. Throws with the end of its log when it does not come up. */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const folder = path.join(options.dataDir, 'redis');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const place = {
    socket: socketPath(folder, 'redis.sock'),
    folder,
    logFile: path.join(options.dataDir, 'logs', 'redis.log'),
  };
  const kind = options.kind ?? REAL_SERVERS.find(isOnPath) ?? 'js-redis-server';
  const server = await launched(kind, place, options.log);
  const version = await versionOf(place.socket);
  options.log(`Redis: ${kind} ${version}${kind === 'js-redis-server' ? JS_REDIS_NOTE : ''}`);
  return { url: `unix://${place.socket}`, kind, version, pid: server.pid, stop: server.stop };
}

const JS_REDIS_NOTE = ' (no redis-server or valkey-server on PATH; for one machine, in memory only)';

/** Whether a program of this name answers `--version`. */
export const isOnPath = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;

async function launched(kind: RedisKind, place: RedisPlace, log: (line: string) => void): Promise<RunningRedis> {
  const adopted = await adoptRedisServer(place);
  if (adopted === null) return kind === 'js-redis-server' ? launchJsRedis(place) : launchRedisServer(kind, place);
  log('Redis still runs from an earlier start; using it.');
  return adopted;
}

async function versionOf(socket: string): Promise<string> {
  const redis = new Redis({ path: socket, maxRetriesPerRequest: 1, connectTimeout: 2_000, commandTimeout: 2_000 });
  try {
    const answer = await redis.info('server');
    return /^(?:valkey|redis)_version:(.*)$/m.exec(answer)?.[1]?.trim() ?? 'of unknown version';
  } finally {
    redis.disconnect();
  }
}
