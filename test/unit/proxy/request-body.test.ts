import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { GatewayError } from '../../../proxy/gateway-error.js';
import type { BodyHold } from '../../../proxy/held-bodies.js';
import { ClientLeft, readRequestBody, type RequestBody } from '../../../proxy/request-body.js';

const MEBIBYTE = 1024 * 1024;

/** A request whose bytes a test pushes, and which keeps the idle times that were set on it. */
class PushedRequest extends IncomingMessage {
  readonly idleTimesMs: number[] = [];

  constructor(headers: Record<string, string>) {
    super(new Socket());
    Object.assign(this.headers, headers);
  }

  override _read(): void {
    // bytes come when the test pushes them
  }

  override setTimeout(timeoutMs: number): this {
    this.idleTimesMs.push(timeoutMs);
    return this;
  }

  pushAll(...chunks: (Buffer | null)[]): this {
    for (const chunk of chunks) this.push(chunk);
    if (chunks.includes(null)) this.complete = true;
    return this;
  }
}

const chunked = (): PushedRequest => new PushedRequest({ 'transfer-encoding': 'chunked' });

async function streamed(request: PushedRequest, bodyBytesMax: number): Promise<RequestBody & { kind: 'streamed' }> {
  const body = await readRequestBody(request, bodyBytesMax);
  if (body.kind !== 'streamed') throw new Error('the body was held');
  return body;
}

test('without a length and without chunks there is no body, and nothing is waited for', async () => {
  expect(await readRequestBody(new PushedRequest({}), 10)).toEqual({ kind: 'held', bytes: Buffer.alloc(0) });
});

test('a body up to a mebibyte is held, whatever its chunks', async () => {
  const request = chunked().pushAll(Buffer.from('ab'), Buffer.from('c'), Buffer.alloc(MEBIBYTE - 3, 'x'), null);
  const body = await readRequestBody(request, 10 * MEBIBYTE);
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

test('once a large body is read, silence is no longer counted: the answer may take its time', async () => {
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE + 1), Buffer.from('b'), null);
  const body = await streamed(request, 10 * MEBIBYTE);
  for await (const chunk of body.stream) void chunk;
  expect(request.idleTimesMs.at(-1)).toBeGreaterThan(600_000);
  expect(body.passed.bytes).toBe(MEBIBYTE + 2);
});

test('a large body that nobody reads to its end leaves the connection to the answer', async () => {
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE + 1), Buffer.from('b'));
  const body = await streamed(request, 10 * MEBIBYTE);
  for await (const chunk of body.stream) if (chunk.length === 1) break;
  expect(request.destroyed).toBe(false);
  expect(request.idleTimesMs.at(-1)).toBeGreaterThan(600_000);
});

test('an announced length beyond the bound is refused at once', async () => {
  const body = readRequestBody(new PushedRequest({ 'content-length': '11' }), 10);
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
  const body = readRequestBody(chunked().pushAll(Buffer.alloc(11), null), 10);
  await expect(body).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
});

test('a client that leaves in the middle of its body is no error of anybody', async () => {
  const request = chunked().pushAll(Buffer.from('a'));
  const body = readRequestBody(request, 10);
  request.destroy();
  await expect(body).rejects.toThrow(ClientLeft);
});

test('a client that left before its body was asked for is not waited for', async () => {
  const request = chunked().pushAll(Buffer.from('a'));
  request.destroy();
  await new Promise((resolve) => request.on('close', resolve));
  await expect(readRequestBody(request, 10)).rejects.toThrow(ClientLeft);
});

test('nothing keeps listening once a body is read', async () => {
  const request = chunked().pushAll(Buffer.from('a'), null);
  const before = request.eventNames().map((name) => request.listenerCount(name));
  await readRequestBody(request, 10);
  expect(request.eventNames().map((name) => request.listenerCount(name))).toEqual(before);
});

const hold = (bytesMax: number, room = Infinity): BodyHold => ({
  bytesMax,
  take: (bytes) => ((room -= bytes) < 0 ? new GatewayError('unavailable', 'no room') : null),
});

test('with a hold a body above a mebibyte is held whole', async () => {
  const request = chunked().pushAll(Buffer.alloc(MEBIBYTE, 'a'), Buffer.from('b'), Buffer.from('c'), null);
  const body = await readRequestBody(request, 10 * MEBIBYTE, hold(2 * MEBIBYTE));
  expect(body.kind === 'held' && body.bytes.length).toBe(MEBIBYTE + 2);
});

test("a body above the hold's bound is 9004, by its announced length before a byte of it is read", async () => {
  const announced = new PushedRequest({ 'content-length': '11' });
  await expect(readRequestBody(announced, 100, hold(10))).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
  const counted = chunked().pushAll(Buffer.alloc(6), Buffer.alloc(5), null);
  await expect(readRequestBody(counted, 100, hold(10))).rejects.toMatchObject({ errorName: 'bodyTooLarge' });
});

test('a hold that has no room any more ends the reading with its own error', async () => {
  const request = chunked().pushAll(Buffer.alloc(6), Buffer.alloc(5), null);
  await expect(readRequestBody(request, 100, hold(50, 10))).rejects.toMatchObject({ errorName: 'unavailable' });
});
