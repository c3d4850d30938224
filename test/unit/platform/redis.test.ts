import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createRedis, demotionWatch, redisNodes } from '../../../platform/redis.js';
import { waitFor } from '../../support/wait-for.js';

test('one name is one server, whatever its form', () => {
  for (const url of ['redis://user:p%2Cw@cache:6400/1', 'rediss://cache', 'unix:///run/a,b.sock', 'cache:6400']) {
    expect(redisNodes(url)).toEqual([url]);
  }
});

test('several names are nodes of a cluster, with the scheme and the credentials of the first', () => {
  expect(redisNodes('rediss://user:p%40w@a:7000,b:7001, c')).toEqual([
    'rediss://user:p%40w@a:7000',
    'rediss://user:p%40w@b:7001',
    'rediss://user:p%40w@c',
  ]);
  expect(redisNodes('redis://a,redis://[fd00::1]:7000')).toEqual(['redis://a', 'redis://[fd00::1]:7000']);
});

/** A Redis that takes the subscriptions of its first connection, and answers no other one. */
async function forgetfulRedis() {
  const connections: Socket[] = [];
  const commands: string[][] = [];
  const server = createServer((socket) => {
    const [number, asked] = [connections.push(socket), [] as string[]];
    commands.push(asked);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const [, command = ''] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        asked.push(command);
        if (command === 'info') socket.write('$17\r\nredis_version:7.0\r\n');
        else if (command !== 'subscribe') socket.write('+OK\r\n');
        else if (number === 1) socket.write('*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return { server, connections, commands, url: `redis://127.0.0.1:${port}` };
}

test('a subscription is made anew by whoever made it: of one that fails nobody else has to hear', async () => {
  const { server, connections, commands, url } = await forgetfulRedis();
  const redis = createRedis({ url, connectionName: 'test', commandTimeoutMs: 500 }, () => undefined);
  const failures: unknown[] = [];
  redis.on('ready', () => void redis.subscribe('a').catch((error: unknown) => failures.push(error)));
  await waitFor(() => commands[0]?.includes('subscribe') === true && redis.mode === 'subscriber', 'it is subscribed');
  connections[0]?.destroy();
  await waitFor(() => failures.length > 0, 'the second subscription has failed');
  expect(commands[1]?.filter((command) => command === 'subscribe')).toHaveLength(1);
  redis.disconnect();
  connections.forEach((socket) => socket.destroy());
  server.close();
});

test('a server that is not to be written to is left, for other errors none, and none twice within five seconds', () => {
  let nowMs = 0;
  const isLeft = demotionWatch(() => nowMs);
  const [readOnly, byScript] = [
    new Error("READONLY You can't write against a read only replica."),
    new Error(
      "ERR Error running script (call to f_1): @user_script:2: -READONLY You can't write against a read only replica.",
    ),
  ];
  expect(isLeft(new Error('OOM command not allowed when used memory > maxmemory'))).toBe(false);
  expect(isLeft(new Error('NOSCRIPT No matching script. Please use EVAL.'))).toBe(false);
  expect([isLeft(readOnly), isLeft(readOnly)]).toEqual([true, false]);
  nowMs = 4_999;
  expect(isLeft(byScript)).toBe(false);
  nowMs = 5_000;
  expect([isLeft(byScript), isLeft(readOnly)]).toEqual([true, false]);
  for (const message of ['LOADING Redis is loading the dataset in memory', 'MASTERDOWN Link with MASTER is down']) {
    nowMs += 5_000;
    expect(isLeft(new Error(message))).toBe(true);
  }
});
