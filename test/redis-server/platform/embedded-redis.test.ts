import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { startEmbeddedRedis, type EmbeddedRedis } from '../../../platform/embedded/redis.js';
import { makeDataDir } from '../../support/data-dir.js';

const start = (dataDir: string): Promise<EmbeddedRedis> => startEmbeddedRedis({ dataDir, log: () => undefined });

async function command(url: string, name: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis({ path: url.slice('unix://'.length) });
  try {
    return await redis.call(name, ...args);
  } finally {
    redis.disconnect();
  }
}

test('a real Redis keeps what it holds over a stop and a start', async () => {
  const dataDir = makeDataDir();
  const first = await start(dataDir);
  await command(first.url, 'SET', 'key', 'value');
  await first.stop();
  const second = await start(dataDir);
  expect(await command(second.url, 'GET', 'key')).toBe('value');
  await second.stop();
});

test('a real Redis that still runs is adopted, and one stop ends it', async () => {
  const dataDir = makeDataDir();
  const first = await start(dataDir);
  await command(first.url, 'SET', 'key', 'value');
  const second = await start(dataDir);
  expect(await command(second.url, 'GET', 'key')).toBe('value');
  await second.stop();
  const third = await start(dataDir); // it can only start when the first has ended
  expect(await command(third.url, 'GET', 'key')).toBe('value');
  await third.stop();
});
