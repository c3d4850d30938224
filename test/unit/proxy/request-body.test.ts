import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, jest, test } from '@jest/globals';
import { PlainRequest } from '../../../proxy/client/plain-request.js';
import { GatewayError } from '../../../proxy/gateway-error.js';
import type { BodyHold } from '../../../proxy/held-bodies.js';
import { REQUEST_BOUNDS } from '../../../proxy/request-bounds.js';
import { ProxyStatistics } from '../../../proxy/telemetry/statistics.js';
import { ClientLeft, readRequestBody, type RequestBody, type RequestBodyDeps } from '../../../proxy/request-body.js';

const MEBIBYTE = 1024 * 1024;

/** A request whose bytes a test pushes. */
class PushedRequest extends IncomingMessage {
  constructor(headers: Record<string, string>) {
    super(new Socket());
    Object.assign(this.headers, headers);
  }

  override _read(): void {
    // bytes come when the test pushes them
  }

  pushAll(...chunks: (Buffer | null)[]): this {
    for (const chunk of chunks) this.push(chunk);
    if (chunks.includes(null)) this.complete = true;
    return this;
  }
}

const chunked = (): PushedRequest => new PushedRequest({ 'transfer-encoding': 'chunked' });

const { uploadIdleMs: UPLOAD_IDLE_MS } = REQUEST_BOUNDS;

const deps = (bodyBytesMax: number): RequestBodyDeps => ({
  bodyBytesMax,
  bounds: REQUEST_BOUNDS,
  statistics: new ProxyStatistics(),
});

async function streamed(request: PushedRequest, bodyBytesMax: number): Promise<RequestBody & { kind: 'streamed' }> {
  const body = await readRequestBody(deps(bodyBytesMax), request);
  if (body.kind !== 'streamed') throw new Error('the body was held');
  return body;
}

test('without a length and without chunks there is no body, and nothing is waited for', async () => {
  expect(await readRequestBody(deps(10), new PushedRequest({}))).toEqual({ kind: 'held', bytes: Buffer.alloc(0) });
});

test('a body up to a mebibyte is held, whatever its chunks', async () => {
  const request = chunked().pushAll(Buffer.from('ab'), Buffer.from('c'), Buffer.alloc(MEBIBYTE - 3, 'x'), null);
  const body = await readRequestBody(deps(10 * MEBIBYTE), request);
  expect(body).toMatchObject({ kind: 'held' });
  expect(body.kind === 'held' && body.bytes.toString()).toBe(`abc${'x'.repeat(MEBIBYTE - 3)}`);
});

test('a larger body is streamed, the bytes already read in front', async () => {
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE, 'a'), Buffer.from('b'), Buffer.from('c'), null);
  const body = await streamed(request, 10 * MEBIBYTE);
  expect(body.length).toBeNull();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.stream) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe(`${'a'.repeat(MEBIBYTE)}bc`);
});

test('a client that falls silent in the middle of its body is told so, held or streamed', async () => {
  jest.useFakeTimers();
  try {
    const given = deps(10 * MEBIBYTE);
    const held = readRequestBody(given, chunked().pushAll(Buffer.from('{"half":')));
    await Promise.all([
      expect(held).rejects.toMatchObject({ errorName: 'badRequest' }),
      jest.advanceTimersByTimeAsync(UPLOAD_IDLE_MS),
    ]);

    const request = chunked().pushAll(Buffer.alloc(MEBIBYTE + 1));
    const body = await readRequestBody(given, request);
    if (body.kind !== 'streamed') throw new Error('the body was held');
    const read = async (): Promise<void> => {
      for await (const chunk of body.stream) void chunk;
    };
    await Promise.all([
      expect(read()).rejects.toMatchObject({ errorName: 'badRequest' }),
      jest.advanceTimersByTimeAsync(UPLOAD_IDLE_MS),
    ]);
    expect(request.destroyed).toBe(false);
    expect(given.statistics.silentUploads).toBe(2);
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});

test("while the provider does not read, the silence of a large body is not the client's", async () => {
  jest.useFakeTimers();
  try {
    const request = chunked().pushAll(Buffer.alloc(MEBIBYTE + 1), Buffer.from('b'), null);
    const body = await readRequestBody(deps(10 * MEBIBYTE), request);
    if (body.kind !== 'streamed') throw new Error('the body was held');
    for await (const chunk of body.stream) {
      void chunk;
      expect(jest.getTimerCount()).toBe(0);
      await jest.advanceTimersByTimeAsync(2 * UPLOAD_IDLE_MS);
    }
    expect(body.passed.bytes).toBe(MEBIBYTE + 2);
  } finally {
    jest.useRealTimers();
  }
});

test('a large body that nobody reads to its end leaves the connection to the answer', async () => {
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE + 1), Buffer.from('b'));
  const body = await streamed(request, 10 * MEBIBYTE);
  for await (const chunk of body.stream) if (chunk.length === 1) break;
  expect(request.destroyed).toBe(false);
});

test('an announced length beyond the bound is refused at once', async () => {
  const body = readRequestBody(deps(10), new PushedRequest({ 'content-length': '11' }));
  await expect(body).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
});

test('a body that grows beyond the bound is refused where it does, and the client can still be told', async () => {
  const bound = 2 * MEBIBYTE;
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE + 1), Buffer.alloc(MEBIBYTE), Buffer.alloc(1));
  const body = await streamed(request, bound);
  const read = async (): Promise<void> => {
    for await (const chunk of body.stream) void chunk;
  };
  await expect(read()).rejects.toThrow(GatewayError);
  expect(request.destroyed).toBe(false);
});

test('the bound holds for a body that is small enough to be held, too', async () => {
  const body = readRequestBody(deps(10), chunked().pushAll(Buffer.alloc(11), null));
  await expect(body).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
});

test('a client that leaves in the middle of its body is no error of anybody', async () => {
  const request = chunked().pushAll(Buffer.from('a'));
  const body = readRequestBody(deps(10), request);
  request.destroy();
  await expect(body).rejects.toThrow(ClientLeft);
});

test('a client that left before its body was asked for is not waited for', async () => {
  const request = chunked().pushAll(Buffer.from('a'));
  request.destroy();
  await new Promise((resolve) => request.on('close', resolve));
  await expect(readRequestBody(deps(10), request)).rejects.toThrow(ClientLeft);
});

test('nothing keeps listening once a body is read', async () => {
  const request = chunked().pushAll(Buffer.from('a'), null);
  const before = request.eventNames().map((name) => request.listenerCount(name));
  await readRequestBody(deps(10), request);
  expect(request.eventNames().map((name) => request.listenerCount(name))).toEqual(before);
});

const hold = (bytesMax: number, room = Infinity): BodyHold => ({
  bytesMax,
  take: (bytes) => ((room -= bytes) < 0 ? new GatewayError('unavailable', 'no room') : null),
});

test('with a hold a body above a mebibyte is held whole', async () => {
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE, 'a'), Buffer.from('b'), Buffer.from('c'), null);
  const body = await readRequestBody(deps(10 * MEBIBYTE), request, hold(2 * MEBIBYTE));
  expect(body.kind === 'held' && body.bytes.length).toBe(MEBIBYTE + 2);
});

test("a body above the hold's bound is 9004, by its announced length before a byte of it is read", async () => {
  const announced = new PushedRequest({ 'content-length': '11' });
  await expect(readRequestBody(deps(100), announced, hold(10))).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
  const counted = chunked().pushAll(Buffer.alloc(6), Buffer.alloc(5), null);
  await expect(readRequestBody(deps(100), counted, hold(10))).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
});

test('a hold that has no room any more ends the reading with its own error', async () => {
  const request = chunked().pushAll(Buffer.alloc(6), Buffer.alloc(5), null);
  await expect(readRequestBody(deps(100), request, hold(50, 10))).rejects.toMatchObject({ errorName: 'unavailable' });
});

/** A plain request that announces a body, of which some has come. */
function plain(announced: number, ...arrived: Buffer[]): PlainRequest {
  const head = { method: 'POST', url: '/v1/a', rawHeaders: [], headBytes: 0, bodyBytes: announced };
  const request = new PlainRequest(new Socket(), head);
  for (const chunk of arrived) request.receive(chunk);
  return request;
}

test('a plain request takes room for the bytes that have come, not for those that it announces', async () => {
  const taken: number[] = [];
  const room: BodyHold = {
    bytesMax: 1_000,
    take: (bytes) => {
      taken.push(bytes);
      return taken.length === 3 ? new GatewayError('unavailable', 'full') : null;
    },
  };
  const request = plain(100, Buffer.alloc(10));
  const body = readRequestBody(deps(1_000), request, room);
  request.receive(Buffer.alloc(20));
  request.receive(Buffer.alloc(70));
  await expect(body).rejects.toMatchObject({ errorName: 'unavailable' });
  expect(taken).toEqual([10, 20, 70]);
});

test("a plain request above the hold's bound is 9004 before a byte of it is read", async () => {
  await expect(readRequestBody(deps(1_000), plain(100), hold(99))).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
});
