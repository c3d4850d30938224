/**
 * A Redis of one's own: a server started for the caller (23 ms for a real one), because channels are not divided by
 * database numbers, and because a test may then flush it or stop it.
 */
import { startEmbeddedRedis, type RedisKind } from '../../platform/embedded/redis.js';
import { makeDataDir } from './data-dir.js';

export interface TestRedis {
  /** `unix:///…`, as `createRedis` takes it */
  readonly url: string;
  readonly kind: RedisKind;
  /** stops the server; also how a test takes Redis away */
  close(): Promise<void>;
}

/** `kind`: for tests that are about one kind; default: as `npm start` finds it. */
export async function openTestRedis(kind?: RedisKind): Promise<TestRedis> {
  const dataDir = makeDataDir('r');
  const redis = await startEmbeddedRedis({ dataDir, log: () => undefined, ...(kind === undefined ? {} : { kind }) });
  return { url: redis.url, kind: redis.kind, close: () => redis.stop() };
}
