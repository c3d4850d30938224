/** Connections that are lost, over a server that says the protocol's bytes as the test wants them. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createPool, inTransaction } from '../../../platform/postgres.js';

/** A message of the server's: its kind, its length with the length's own four bytes, what it says. */
function message(kind: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from(kind), length, Buffer.from(body, 'latin1')]);
}

const READY = Buffer.concat([message('R', '\0\0\0\0'), message('Z', 'I')]);
const TERMINATED = message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0');

let server: Server;

/** A Postgres that says `hello` to the start of a connection and `last` to its first statement, and ends it. */
async function startServer(hello: Buffer, last: Buffer): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => undefined); // the client may have gone first
    socket.once('data', () => {
      socket.write(hello);
      socket.once('data', () => socket.end(last));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `postgres://x@127.0.0.1:${(server.address() as AddressInfo).port}/x`; // a TCP server that listens has one
}

afterEach(async () => void (await once(server.close(), 'close')));

test.each([
  ['within a transaction', READY, TERMINATED],
  ['without a word', READY, Buffer.alloc(0)],
  ['in the packet that made it ready', Buffer.concat([READY, TERMINATED]), Buffer.alloc(0)],
])('a connection that is lost %s fails that transaction, not the process', async (_when, hello, last) => {
  const connectionString = await startServer(hello, last);
  const pool = createPool({ connectionString, applicationName: 'test', connectionsMax: 1 }, () => undefined);
  await expect(inTransaction(pool, 'tollgate_proxy', {}, () => Promise.resolve())).rejects.toThrow(
    /terminat|queryable/,
  );
  expect(pool.totalCount).toBe(0); // it has left the pool
  await pool.end();
});
