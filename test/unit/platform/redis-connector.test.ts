import { afterEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { BufferedConnector } from '../../../platform/redis-connector.js';
import { createRedis } from '../../../platform/redis.js';
import { serverCertificate, TEST_AUTHORITY } from '../../support/tls-certificates.js';
import { waitFor } from '../../support/wait-for.js';

const ended: (() => void)[] = [];

afterEach(() => {
  for (const end of ended.splice(0)) end();
});

const CRLF = Buffer.from('\r\n');
const VALUES: Readonly<Record<string, Buffer>> = {
  small: Buffer.from('a value'),
  other: Buffer.from('another'),
  large: Buffer.alloc(1_000_000, 'x'),
};

function answer(socket: Socket, asked: Buffer): void {
  for (const [, command, , key = ''] of asked.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n(\$\d+\r\n(\w+))?/g)) {
    const value = VALUES[key] ?? Buffer.alloc(0);
    if (command === 'info') socket.write('$17\r\nredis_version:7.0\r\n');
    else if (command === 'get') socket.write(Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, CRLF]));
    else socket.write('+OK\r\n');
  }
}

const LOOPBACK = { port: 0, host: '127.0.0.1' };

/** A Redis that has `VALUES`. */
const valuesRedis = (at: object = LOOPBACK) => listening(createServer(), 'connection', at);

async function listening(server: Server, event: string, at: object) {
  const connections: Socket[] = [];
  server.on(event, (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined).on('data', (bytes) => answer(socket, bytes));
  });
  server.listen(at);
  await once(server, 'listening');
  ended.push(
    () => server.close(),
    () => connections.forEach((socket) => socket.destroy()),
  );
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { connections, port, url: `redis://127.0.0.1:${port}` };
}

const client = (url: string): Redis =>
  createRedis({ url, connectionName: 'test', commandTimeoutMs: 5_000 }, () => undefined);

async function ready(redis: Redis): Promise<Redis> {
  ended.push(() => redis.disconnect());
  redis.on('error', () => undefined);
  if (redis.status !== 'ready') await once(redis, 'ready');
  return redis;
}

test('what was read stays as it was, whatever is read behind it, and however large it is', async () => {
  const { url } = await valuesRedis();
  const redis = await ready(client(url));
  const before = redis.stream.bytesRead;
  const [small, large] = await Promise.all([redis.getBuffer('small'), redis.getBuffer('large')]);
  await redis.getBuffer('other');
  expect(small).toEqual(VALUES['small']);
  expect(VALUES['large']?.equals(large ?? CRLF)).toBe(true);
  expect(redis.stream.bytesRead - before).toBeGreaterThan(1_000_000);
});

test('a connection that is lost is made anew', async () => {
  const { url, connections } = await valuesRedis();
  const redis = await ready(client(url));
  for (const lose of [(socket?: Socket) => socket?.end(), (socket?: Socket) => socket?.resetAndDestroy()]) {
    const made = connections.length;
    lose(connections.at(-1));
    await waitFor(() => connections.length > made && redis.status === 'ready', 'it is connected again');
    expect(await redis.get('small')).toBe('a value');
  }
  redis.disconnect();
  await waitFor(() => redis.status === 'end', 'it has ended');
});

test('nothing is read while the connection is paused', async () => {
  const { url } = await valuesRedis();
  const redis = await ready(client(url));
  const other = await ready(redis.duplicate());
  redis.stream.pause();
  const { bytesRead } = redis.stream;
  const value = redis.get('small');
  await other.get('small');
  await other.get('small');
  expect(redis.stream.bytesRead).toBe(bytesRead);
  redis.stream.resume();
  expect(await value).toBe('a value');
});

test('a socket of this machine and one with TLS are read the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  ended.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'redis.sock');
  await valuesRedis({ path });
  const local = await ready(client(`unix://${path}`));
  expect(await local.get('small')).toBe('a value');
  const server = createTlsServer(serverCertificate('localhost'));
  const { port } = await listening(server, 'secureConnection', LOOPBACK);
  const tls = { ca: TEST_AUTHORITY };
  const secure = await ready(new Redis({ Connector: BufferedConnector, host: 'localhost', port, family: 4, tls }));
  const [small, large] = await Promise.all([secure.getBuffer('small'), secure.getBuffer('large')]);
  expect([small, large]).toEqual([VALUES['small'], VALUES['large']]);
});

test('a client that is disconnected before it dials never does', async () => {
  const { url, connections } = await valuesRedis();
  const redis = client(url);
  redis.disconnect();
  await waitFor(() => redis.status === 'end', 'it has ended');
  expect(connections).toHaveLength(0);
});
