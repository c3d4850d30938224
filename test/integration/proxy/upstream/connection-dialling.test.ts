/** Connections that are opened, or cannot be: every call that waits for one hears of it, and none waits for ever. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import dns from 'node:dns';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { openBlackHole } from '../../../support/black-hole.js';
import { watchCallTimers } from '../../../support/call-timers.js';
import type { Peer } from '../../../support/faulty-upstream.js';
import { answerOf, echo, startPoolRig, type PoolRig } from '../../../support/pool-rig.js';
import { sendRecorded } from '../../../support/recorded-call.js';
import { serverCertificate } from '../../../support/tls-certificates.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: PoolRig;

beforeAll(async () => {
  rig = await startPoolRig();
});
afterEach(() => rig.clear());
afterAll(() => rig.stop());

const WHOLE = ['head 200', 'data', 'complete'];

test('a refused connection fails every call that waits, also more of them than there may be connections', async () => {
  await rig.upstream.goAway();
  const pool = rig.pool({ connectionsMax: 2 });
  const calls = Array.from({ length: 9 }, () => sendRecorded(pool));
  for (const call of calls) {
    const { events, error } = await call.ended;
    expect(events).toHaveLength(1);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  }
  expect(pool.size).toBe(0);
  await rig.upstream.comeBack();
  rig.upstream.play = { request: echo };
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
});

test('a connection that nobody accepts fails its call when the time is up, and leaves no timer', async () => {
  const blackHole = await openBlackHole();
  const timers = watchCallTimers();
  const pool = rig.pool({ connectTimeoutMs: 50 }, blackHole.origin);
  expect(await sendRecorded(pool).ended).toMatchObject({ error: { code: 'UND_ERR_CONNECT_TIMEOUT' } });
  await timers.noneLeft();
  await blackHole.close();
});

test('a server that accepts and never begins TLS fails its call likewise', async () => {
  rig.upstream.play = { certificate: null };
  const pool = rig.pool({ connectTimeoutMs: 50 }, rig.upstream.secureOrigin);
  expect(await sendRecorded(pool).ended).toMatchObject({ error: { code: 'UND_ERR_CONNECT_TIMEOUT' } });
  await waitFor(() => rig.upstream.openSockets === 0, 'the connection is closed');
});

test.each([
  ['self-signed', 'SELF_SIGNED'],
  ['other-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['expired', 'CERT_HAS_EXPIRED'],
] as const)('a certificate that is %s fails the call before anything is sent', async (certificate, code) => {
  rig.upstream.play = { certificate };
  const { requests } = rig.upstream;
  const pool = rig.pool({}, rig.upstream.secureOrigin);
  const { error } = await sendRecorded(pool).ended;
  expect(error).toHaveProperty('code', expect.stringContaining(code));
  expect(rig.upstream.requests).toBe(requests);
});

test('options that no socket takes fail the call, and nothing else', async () => {
  const pool = rig.pool({ trust: { ca: 5 as never } }, rig.upstream.secureOrigin); // what the types forbid
  const { events, error } = await sendRecorded(pool).ended;
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  expect(events).toHaveLength(1);
});

test('over TLS, connections are kept, and another one takes up the session of the first', async () => {
  const reused: boolean[] = [];
  const server = createTlsServer(serverCertificate('localhost'), (socket) => {
    reused.push(socket.isSessionReused());
    socket.on('data', () => socket.write(answerOf('safe'))).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const pool = rig.pool({}, `https://localhost:${port}`);
  for (let i = 0; i < 3; i++) expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE, body: 'safe' });
  expect(reused).toEqual([false]);
  for (const call of [sendRecorded(pool), sendRecorded(pool)])
    expect(await call.ended).toMatchObject({ events: WHOLE });
  await waitFor(() => reused.length === 2, 'another connection is there'); // it may come too late for its call
  expect(reused).toEqual([false, true]);
  pool.destroy();
  server.close();
});

test('an IPv6 address stands in brackets in a URL, and is dialled without them', async () => {
  const server: Server = createServer((socket) => socket.once('data', () => socket.end(answerOf('six'))));
  server.listen(0, '::1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const pool = rig.pool({}, `http://[::1]:${port}`);
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE, body: 'six' });
  server.close();
});

test.each([
  ['TCP', () => rig.upstream.origin.replace('127.0.0.1', 'localhost')],
  ['TLS', () => rig.upstream.secureOrigin],
])('over %s, a name whose first address refuses is reached at its second, and read there', async (_how, origin) => {
  rig.upstream.play = { request: echo };
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  const lookedUp = jest.spyOn(dns, 'lookup').mockImplementation((...args: readonly unknown[]) => {
    const [, , done] = args as [string, object, (error: null, found: typeof addresses) => void]; // as `net` calls it
    done(null, addresses);
  });
  const pool = rig.pool({}, origin());
  for (let i = 0; i < 3; i++) expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE, body: 'body' });
  expect(lookedUp).toHaveBeenCalledTimes(1);
  lookedUp.mockRestore();
});

test('a call that is given up before it is sent is told at once and never sent', async () => {
  rig.upstream.play = { request: echo };
  const { requests } = rig.upstream;
  const pool = rig.pool();
  const call = sendRecorded(pool);
  call.abort(new Error('given up'));
  expect(call.events).toEqual(['error given up']);
  expect(pool.size).toBe(0);
  call.abort();
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
  expect(rig.upstream.requests - requests).toBe(1);
  expect(call.events).toHaveLength(1);
});

test('a call that is given up while it waits leaves its place to the next', async () => {
  const held: Peer[] = [];
  rig.upstream.play = { request: (peer) => void held.push(peer) };
  const pool = rig.pool({ connectionsMax: 1 });
  const [first, second, third] = ['1', '2', '3'].map((name) => sendRecorded(pool, { body: Buffer.from(name) }));
  await waitFor(() => held.length === 1, 'the first is on its way');
  second?.abort(new Error('given up'));
  rig.upstream.play = { request: echo };
  held.forEach(echo);
  await Promise.all([first?.ended, third?.ended]);
  expect([first?.body, second?.events, third?.body]).toEqual(['1', ['error given up'], '3']);
});

test('a call that is given up while its connection is being made leaves the connection to others', async () => {
  rig.upstream.play = { request: echo };
  const connections = rig.upstream.connections;
  const pool = rig.pool();
  const call = sendRecorded(pool);
  await new Promise(setImmediate);
  call.abort();
  await waitFor(() => rig.upstream.connections > connections, 'the connection is made all the same');
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
  expect(rig.upstream.connections - connections).toBe(1);
});

test('a call that cannot be sent fails at once, takes no connection, and ends none', async () => {
  rig.upstream.play = { request: echo };
  const pool = rig.pool();
  await sendRecorded(pool).ended;
  const connections = rig.upstream.connections;
  for (const headers of [
    ['a', 'b\r\nc: d'],
    ['host', 'x'],
    ['a b', 'c'],
  ]) {
    const call = sendRecorded(pool, { headers });
    expect(call).toMatchObject({ events: [expect.any(String)], error: { code: 'UND_ERR_INVALID_ARG' } });
  }
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
  expect(rig.upstream.connections).toBe(connections);
});

test('a pool that is destroyed fails every call, stops dialling, and takes no more', async () => {
  const blackHole = await openBlackHole();
  const timers = watchCallTimers();
  const dialling = rig.pool({}, blackHole.origin);
  const unheard = [sendRecorded(dialling), sendRecorded(dialling)];
  await new Promise(setImmediate);
  rig.upstream.play = {
    request: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
  };
  const pool = rig.pool({ connectionsMax: 1 });
  const [running, waiting] = [sendRecorded(pool), sendRecorded(pool)];
  await waitFor(() => running.bytes > 0, 'an answer has begun');
  pool.destroy();
  dialling.destroy();
  await timers.noneLeft();
  expect([...unheard, waiting].map(({ error }) => error)).toEqual(
    Array.from({ length: 3 }, () => expect.objectContaining({ code: 'UND_ERR_DESTROYED' })),
  );
  expect(running).toMatchObject({
    events: ['head 200', 'data', expect.any(String)],
    error: { code: 'UND_ERR_DESTROYED' },
  });
  expect(sendRecorded(pool)).toMatchObject({ error: { code: 'UND_ERR_DESTROYED' } });
  expect([pool.size, dialling.size]).toEqual([0, 0]);
  await blackHole.close();
});
