/** Connections that are kept: which call gets which, and what ends one before another call could be harmed by it. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Peer } from '../../../support/faulty-upstream.js';
import { answerOf, echo, startPoolRig, type PoolRig } from '../../../support/pool-rig.js';
import { sendRecorded, type RecordedCall } from '../../../support/recorded-call.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: PoolRig;

beforeAll(async () => {
  rig = await startPoolRig();
});
afterEach(() => rig.clear());
afterAll(() => rig.stop());

const WHOLE = ['head 200', 'data', 'complete'];
const bodies = (calls: readonly RecordedCall[]): readonly string[] => calls.map(({ body }) => body);

test('calls one after another use one connection', async () => {
  rig.upstream.play = { request: echo };
  const connections = rig.upstream.connections;
  const pool = rig.pool();
  for (let i = 0; i < 20; i++) {
    const call = await sendRecorded(pool, { body: Buffer.from(`call ${i}`) }).ended;
    expect(call).toMatchObject({ events: WHOLE, body: `call ${i}` });
    expect(pool.size).toBe(0);
  }
  expect(rig.upstream.connections - connections).toBe(1);
});

test('a kept connection has as many listeners after a thousand calls as after one', async () => {
  const peers = new Set<Peer['socket']>();
  rig.upstream.play = { request: (peer) => (peers.add(peer.socket), echo(peer)) };
  const pool = rig.pool();
  await sendRecorded(pool).ended;
  const listeners = (): number => {
    const [connection] = (pool as unknown as { connections: Set<{ socket: Peer['socket'] }> }).connections; // a test may look inside
    return connection?.socket.eventNames().reduce((sum, name) => sum + connection.socket.listenerCount(name), 0) ?? 0;
  };
  const before = listeners();
  for (let i = 0; i < 1_000; i++) await sendRecorded(pool).ended;
  expect(before).toBeGreaterThan(0);
  expect(listeners()).toBe(before);
  expect(peers.size).toBe(1);
});

test('a call takes the connection that was used last', async () => {
  const socketOf = new Map<string, Peer['socket']>();
  let held: Peer[] = [];
  rig.upstream.play = { request: (peer) => void held.push(peer) };
  const pool = rig.pool();
  const first = ['a', 'b', 'c'].map((name) => sendRecorded(pool, { body: Buffer.from(name) }));
  await waitFor(() => held.length === 3, 'three calls have come');
  for (const peer of held) socketOf.set(peer.body, peer.socket);
  for (const name of ['b', 'c', 'a']) {
    held.filter(({ body }) => body === name).forEach(echo);
    await first[['a', 'b', 'c'].indexOf(name)]?.ended;
  }
  held = [];
  await new Promise(setImmediate); // a connection is read once more before it is used again
  const next = sendRecorded(pool, { body: Buffer.from('d') });
  const peer = await waitFor(() => held.find(({ body }) => body === 'd'), 'the next call has come');
  expect(peer.socket).toBe(socketOf.get('a'));
  held.forEach(echo);
  await next.ended;
});

test('beyond the bound of connections calls wait, and go in their order', async () => {
  const seen: string[] = [];
  rig.upstream.play = { request: (peer) => (seen.push(peer.body), echo(peer)) };
  const connections = rig.upstream.connections;
  const pool = rig.pool({ connectionsMax: 2 });
  const names = Array.from({ length: 20 }, (_, i) => `call ${i}`);
  const calls = names.map((name) => sendRecorded(pool, { body: Buffer.from(name) }));
  expect(pool.size).toBe(20);
  await Promise.all(calls.map(({ ended }) => ended));
  expect(bodies(calls)).toEqual(names);
  expect(rig.upstream.connections - connections).toBe(2);
  // two connections race for the wire, but no call overtakes another by more than that
  for (const [place, name] of seen.entries()) expect(Math.abs(names.indexOf(name) - place)).toBeLessThanOrEqual(1);
});

test('a server that closes behind its answer fails no call that waits for the connection', async () => {
  rig.upstream.play = { request: ({ socket, body }) => void socket.end(answerOf(body)) };
  const pool = rig.pool({ connectionsMax: 1 });
  const names = Array.from({ length: 50 }, (_, i) => `call ${i}`);
  const calls = names.map((name) => sendRecorded(pool, { body: Buffer.from(name) }));
  await Promise.all(calls.map(({ ended }) => ended));
  expect(calls.filter(({ error }) => error !== null)).toEqual([]);
  expect(bodies(calls)).toEqual(names);
});

test('bytes right behind an answer reach no call that waits for the connection', async () => {
  const stray = answerOf('stray');
  rig.upstream.play = {
    request: ({ socket, body }) => void (socket.write(answerOf(body)), setImmediate(() => socket.write(stray))),
  };
  const pool = rig.pool({ connectionsMax: 1 });
  const names = Array.from({ length: 50 }, (_, i) => `call ${i}`);
  const calls = names.map((name) => sendRecorded(pool, { body: Buffer.from(name) }));
  await Promise.all(calls.map(({ ended }) => ended));
  expect(bodies(calls)).not.toContain('stray');
});

test.each([
  ['half an answer', 'HTTP/1.1 200 OK\r\n'],
  ['a whole answer', answerOf('stray')],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ['an empty line', '\r\n'],
])('%s on an idle connection ends it, and the next call has another', async (_what, bytes) => {
  rig.upstream.play = { request: echo };
  const pool = rig.pool();
  await sendRecorded(pool).ended;
  rig.upstream.lastPeer?.socket.write(bytes);
  await waitFor(() => rig.upstream.openSockets === 0, 'the connection ends');
  expect(await sendRecorded(pool, { body: Buffer.from('mine') }).ended).toMatchObject({ events: WHOLE, body: 'mine' });
});

test.each([
  ['ends', (socket: Peer['socket']) => void socket.end()],
  ['resets', (socket: Peer['socket']) => void socket.resetAndDestroy()],
])('a server that %s an idle connection harms no call', async (_how, close) => {
  rig.upstream.play = { request: echo };
  const pool = rig.pool();
  await sendRecorded(pool).ended;
  const connections = rig.upstream.connections;
  const peer = rig.upstream.lastPeer;
  if (peer !== null) close(peer.socket);
  await waitFor(() => rig.upstream.openSockets === 0, 'the connection ends');
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
  expect(rig.upstream.connections - connections).toBe(1);
});

test.each([
  ['at once was closed while we sent', 0, false],
  ['seconds after it took a request may have done it', 3_000, true],
])('a kept connection that ends %s', async (_when, afterMs, wasSent) => {
  for (const end of [(peer: Peer) => peer.socket.end(), (peer: Peer) => peer.socket.resetAndDestroy()]) {
    rig.upstream.play = { request: echo };
    const pool = rig.pool();
    await sendRecorded(pool).ended;
    rig.upstream.play = {
      request(peer) {
        pool.ticks += afterMs / pool.tickMs;
        end(peer);
      },
    };
    expect(await sendRecorded(pool).ended).toMatchObject({ error: expect.any(Error), wasSent });
  }
});

test.each([
  ['HEAD', { method: 'HEAD', body: null }, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'],
  ['204', {}, 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['304', {}, 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n'],
])('an answer to %s leaves its connection to the next call', async (_what, request, text) => {
  const connections = rig.upstream.connections;
  const pool = rig.pool();
  rig.upstream.play = { request: ({ socket }) => void socket.write(text) };
  expect((await sendRecorded(pool, request).ended).events).toEqual([`head ${text.slice(9, 12)}`, 'complete']);
  rig.upstream.play = { request: echo };
  expect(await sendRecorded(pool, { body: Buffer.from('next') }).ended).toMatchObject({ events: WHOLE, body: 'next' });
  expect(rig.upstream.connections - connections).toBe(1);
});

test.each([
  ['says close', answerOf('x', 'connection: close')],
  ['says close in a list', answerOf('x', 'connection: x-hop, Close')],
  ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx'],
  ['speaks HTTP/1.0 and keeps alive', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx'],
  ['leaves in a second', answerOf('x', 'keep-alive: timeout=1')],
  ['leaves in two seconds, which is when we would be sending', answerOf('x', 'keep-alive: timeout=2')],
])('a connection whose server %s carries no other call', async (_what, text) => {
  const connections = rig.upstream.connections;
  const pool = rig.pool();
  rig.upstream.play = { request: ({ socket }) => void socket.write(text) };
  for (let i = 0; i < 3; i++) {
    expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE, body: 'x' });
    await waitFor(() => rig.upstream.openSockets === 0, 'it is closed at once, by us');
  }
  expect(rig.upstream.connections - connections).toBe(3);
});

test('a call that is over cannot resume, or abort, the one after it', async () => {
  rig.upstream.play = { request: echo };
  const pool = rig.pool();
  const before = await sendRecorded(pool).ended;
  const large = 1024 * 1024;
  rig.upstream.play = { request: ({ socket }) => void socket.write(answerOf('y'.repeat(large))) };
  const paused = sendRecorded(pool, {}, { onData: () => false });
  await waitFor(() => paused.bytes > 0, 'the answer begins');
  const { bytes } = paused;
  for (let i = 0; i < 50; i++) {
    before.resume();
    before.abort();
    await new Promise(setImmediate);
  }
  expect(paused).toMatchObject({ bytes, error: null });
  paused.abort();
});

test('an idle connection is closed when its time is up, and the clock of the pool stands still then', async () => {
  rig.upstream.play = { request: echo };
  const pool = rig.pool({ keepAliveMs: 100 });
  await sendRecorded(pool).ended;
  expect(rig.upstream.openSockets).toBe(1);
  await waitFor(() => rig.upstream.openSockets === 0, 'its time is up');
  const { ticks } = pool;
  expect(ticks).toBeGreaterThan(10);
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  expect(pool.ticks).toBe(ticks);
});

test('a server that keeps a connection for less than we do has it closed two seconds before', async () => {
  rig.upstream.play = { request: ({ socket }) => void socket.write(answerOf('x', 'Keep-Alive: timeout=3')) };
  const pool = rig.pool({ answerIdleMs: 160 }); // turns the clock every 10 ms
  await sendRecorded(pool).ended;
  expect(rig.upstream.openSockets).toBe(1);
  await waitFor(() => rig.upstream.openSockets === 0, 'its time is up');
  expect(pool.ticks).toBeGreaterThan(100);
  expect(pool.ticks).toBeLessThan(300);
});

test('a server that keeps connections for a day has them closed when we say so', async () => {
  rig.upstream.play = { request: ({ socket }) => void socket.write(answerOf('x', 'Keep-Alive: timeout=86400')) };
  const pool = rig.pool({ keepAliveMs: 100 });
  await sendRecorded(pool).ended;
  await waitFor(() => rig.upstream.openSockets === 0, 'its time is up');
});
