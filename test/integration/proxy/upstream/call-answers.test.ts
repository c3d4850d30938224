/** Calls that are being answered: who is told what when somebody stops, throws, falls silent, or reads slowly. */
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { Peer } from '../../../support/faulty-upstream.js';
import { answerOf, echo, startPoolRig, type PoolRig } from '../../../support/pool-rig.js';
import { sendRecorded, type Reactions } from '../../../support/recorded-call.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: PoolRig;

beforeAll(async () => {
  rig = await startPoolRig();
});
afterEach(() => rig.clear());
afterAll(() => rig.stop());

const WHOLE = ['head 200', 'data', 'complete'];
const HALF = 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf';

test('a call that is given up in the middle of its answer ends its connection, and hears of nothing afterwards', async () => {
  rig.upstream.play = { request: ({ socket }) => void socket.write(HALF) };
  const pool = rig.pool();
  const call = sendRecorded(pool);
  await waitFor(() => call.bytes > 0, 'the answer begins');
  call.abort(new Error('given up'));
  expect(call.events).toEqual(['head 200', 'data', 'error given up']);
  expect(pool.size).toBe(0);
  await waitFor(() => rig.upstream.openSockets === 0, 'the connection ends');
  expect(call.events).toHaveLength(3);
});

test.each([
  ['its head', { onHead: (call) => call.abort(new Error('given up')) }, ['head 200', 'error given up']],
  ['a chunk', { onData: (call) => (call.abort(new Error('given up')), true) }, ['head 200', 'data', 'error given up']],
] satisfies [string, Reactions, string[]][])(
  'a call that is given up while it is told of %s hears no more of an answer that is there whole',
  async (_what, reactions, events) => {
    const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n1\r\ny\r\n0\r\n\r\n';
    rig.upstream.play = { request: ({ socket }) => void socket.write(chunked) };
    const pool = rig.pool();
    const call = await sendRecorded(pool, {}, reactions).ended;
    await waitFor(() => rig.upstream.openSockets === 0, 'the connection ends');
    expect(call.events).toEqual(events);
    expect(pool.size).toBe(0);
  },
);

test('a call that is given up when it is over is over', async () => {
  rig.upstream.play = { request: echo };
  const call = await sendRecorded(rig.pool(), {}, { onComplete: (over) => over.abort() }).ended;
  call.abort();
  expect(call.events).toEqual(WHOLE);
  expect(rig.upstream.openSockets).toBe(1);
});

const thrown = (): never => {
  throw new Error('thrown');
};

test.each([
  ['its head', { onHead: thrown }, ['head 200', 'error thrown']],
  ['a chunk', { onData: thrown }, ['head 200', 'data', 'error thrown']],
  ['the end', { onComplete: thrown }, [...WHOLE, 'error thrown']],
] satisfies [string, Reactions, string[]][])(
  'a handler that throws when it is told of %s is told of that as an error, and others go on',
  async (_what, reactions, events) => {
    rig.upstream.play = { request: echo };
    const pool = rig.pool();
    const other = sendRecorded(pool);
    const call = sendRecorded(pool, {}, reactions);
    await waitFor(() => call.error !== null, 'it is told');
    expect(call.events).toEqual(events);
    expect(await other.ended).toMatchObject({ events: WHOLE });
    expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
    expect(pool.size).toBe(0);
  },
);

test('a handler that throws when it is told of an error is warned of, and takes nobody with it', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  rig.upstream.play = { request: ({ socket }) => void socket.resetAndDestroy() };
  const pool = rig.pool({ connectionsMax: 1 });
  const calls = [1, 2, 3].map(() => sendRecorded(pool, {}, { onError: thrown }));
  await Promise.all(calls.map(({ ended }) => ended));
  await rig.upstream.goAway();
  await sendRecorded(pool, {}, { onError: thrown }).ended;
  await rig.upstream.comeBack();
  sendRecorded(pool, { path: '/a b' }, { onError: thrown });
  expect(warned.mock.calls.map(([warning]) => warning)).toEqual(
    Array.from({ length: 5 }, () => 'the handler of an upstream call failed: thrown'),
  );
  warned.mockRestore();
  rig.upstream.play = { request: echo };
  expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
});

test('an error sends the call that its handler makes instead', async () => {
  rig.upstream.play = { request: (peer) => (peer.body === 'first' ? void peer.socket.destroy() : echo(peer)) };
  const pool = rig.pool({ connectionsMax: 1 });
  let second: ReturnType<typeof sendRecorded> | null = null;
  const onError = (): void => void (second = sendRecorded(pool, { body: Buffer.from('second') }));
  await sendRecorded(pool, { body: Buffer.from('first') }, { onError }).ended;
  const call = await waitFor(() => second, 'it is sent');
  expect(await call.ended).toMatchObject({ events: WHOLE, body: 'second' });
});

test.each([
  ['before its answer', ''],
  ['in its head', 'HTTP/1.1 200 OK\r\n'],
  ['in its body', HALF],
  ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe'],
])('a connection that ends %s fails the call, once', async (_where, text) => {
  rig.upstream.play = { request: ({ socket }) => void socket.end(text) };
  const pool = rig.pool();
  const call = await sendRecorded(pool).ended;
  expect(call).toMatchObject({ error: { code: 'UND_ERR_SOCKET' } });
  await waitFor(() => rig.upstream.openSockets === 0, 'the connection ends');
  expect(call.events.filter((event) => event.startsWith('error'))).toHaveLength(1);
  expect(pool.size).toBe(0);
});

test('silence in the middle of an answer breaks it off; what is silent while nobody reads is not', async () => {
  rig.upstream.play = { request: ({ socket }) => void socket.write(HALF) };
  const pool = rig.pool({ answerIdleMs: 100 });
  const reading = sendRecorded(pool);
  const paused = sendRecorded(pool, {}, { onData: () => false });
  expect(await reading.ended).toMatchObject({ error: { code: 'UND_ERR_BODY_TIMEOUT' } });
  const { ticks } = pool;
  await waitFor(() => pool.ticks > ticks + 40, 'its time would be up twice over');
  expect(paused.error).toBeNull();
  paused.resume();
  expect(await paused.ended).toMatchObject({ error: { code: 'UND_ERR_BODY_TIMEOUT' } });
});

const LARGE = 8 * 1024 * 1024;

test.each([
  ['TCP', () => rig.upstream.origin],
  ['TLS', () => rig.upstream.secureOrigin],
])(
  'over %s, a handler that takes no more is sent no more than was read already, until it resumes',
  async (_how, origin) => {
    rig.upstream.play = { request: ({ socket }: Peer) => void socket.write(answerOf('z'.repeat(LARGE))) };
    const pool = rig.pool({}, origin());
    let isSlow = true;
    const call = sendRecorded(pool, {}, { onData: () => !isSlow });
    let before = -1;
    for (let round = 0; round < 20; round++) {
      await waitFor(() => call.bytes > before, 'more has come');
      before = call.bytes;
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      expect(call.bytes - before).toBeLessThanOrEqual(128 * 1024);
      before = call.bytes;
      call.resume();
    }
    isSlow = false;
    call.resume();
    await call.ended;
    expect(call).toMatchObject({ events: WHOLE, bytes: LARGE });
  },
);

test('a handler that takes no more with the last chunk leaves its connection to the next call', async () => {
  rig.upstream.play = { request: echo };
  const connections = rig.upstream.connections;
  const pool = rig.pool();
  for (let i = 0; i < 5; i++) {
    expect(await sendRecorded(pool, {}, { onData: () => false }).ended).toMatchObject({ events: WHOLE });
  }
  expect(rig.upstream.connections - connections).toBe(1);
});

test('a handler that stops and resumes in one step is stopped by nothing', async () => {
  rig.upstream.play = { request: ({ socket }) => void socket.write(answerOf('z'.repeat(LARGE))) };
  const call = sendRecorded(
    rig.pool(),
    {},
    { onData: (its) => (setImmediate(() => its.resume()), its.resume(), false) },
  );
  expect(await call.ended).toMatchObject({ events: WHOLE, bytes: LARGE });
});

const BODY = Buffer.alloc(32 * 1024 * 1024, 'b');
const REFUSED = 'HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n';

test.each([
  ['keeps the connection', `${REFUSED}\r\nno`],
  ['says that it closes', `${REFUSED}connection: close\r\n\r\nno`],
])(
  'an answer before the body was sent is an answer, and the rest is never sent: a server that %s',
  async (_what, text) => {
    let server: Peer['socket'] | null = null;
    rig.upstream.play = {
      connect(socket) {
        server = socket;
        // It answers as soon as it hears anything, and reads no more.
        socket.once('data', () => void socket.pause().write(text));
      },
    };
    const pool = rig.pool({ connectionsMax: 1 });
    const call = await sendRecorded(pool, { body: BODY }).ended;
    expect(call).toMatchObject({ events: ['head 413', 'data', 'complete'], body: 'no' });
    expect(pool.size).toBe(0);
    const socket = await waitFor((): Peer['socket'] | null => server, 'it has come');
    socket.resume();
    await waitFor(() => socket.destroyed, 'the connection ends');
    expect(socket.bytesRead).toBeLessThan(BODY.length);
    rig.upstream.play = { request: echo };
    expect(await sendRecorded(pool).ended).toMatchObject({ events: WHOLE });
  },
);

test.each([
  ['TCP', () => rig.upstream.origin],
  ['TLS', () => rig.upstream.secureOrigin],
])('over %s, a large body arrives whole, and its connection is kept', async (_how, origin) => {
  const body = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, i) => i % 251));
  let received = '';
  rig.upstream.play = { request: (peer) => ((received = peer.body), void peer.socket.write(answerOf('ok'))) };
  const connections = rig.upstream.connections;
  const pool = rig.pool({}, origin());
  for (let i = 0; i < 3; i++) {
    expect(await sendRecorded(pool, { body }).ended).toMatchObject({ events: WHOLE });
    expect(Buffer.from(received, 'latin1').equals(body)).toBe(true);
  }
  expect(rig.upstream.connections - connections).toBe(1);
});
