import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { HeldRequest } from '../../../proxy/held-request.js';

const HELLO = Buffer.from('Hello');
const WORLD = Buffer.from(', world');
const BYTES = HELLO.length + WORLD.length;

/** As Node's parser hands a body over. */
function request(...parts: Buffer[]): HeldRequest {
  const made = new HeldRequest(new Socket());
  for (const part of parts) made.push(part);
  return made;
}

function ended(made: HeldRequest): HeldRequest {
  made.complete = true;
  made.push(null);
  return made;
}

async function streamed(made: HeldRequest): Promise<string> {
  let text = '';
  for await (const chunk of made) text += String(chunk);
  return text;
}

test('a body whose announced bytes are all there is taken whole, before its end was told and after', () => {
  expect(request(HELLO, WORLD).takeWhole(BYTES)?.toString()).toBe('Hello, world');
  expect(ended(request(HELLO)).takeWhole(Number.NaN)).toBe(HELLO);
  expect(ended(request()).takeWhole(Number.NaN)).toHaveLength(0);
});

test('what is not whole, or not there any more, is not taken', () => {
  expect(request(HELLO).takeWhole(BYTES)).toBeNull();
  expect(request(HELLO).takeWhole(Number.NaN)).toBeNull();
  const taken = request(HELLO);
  expect(taken.takeWhole(HELLO.length)).toBe(HELLO);
  expect(taken.takeWhole(HELLO.length)).toBeNull();
});

test('a taken body counts as read to its end, and the stream never has it', () => {
  const taken = request(HELLO);
  expect(taken.readableEnded).toBe(false);
  taken.takeWhole(HELLO.length);
  ended(taken);
  expect(taken.readableEnded).toBe(true);
  expect(taken.readableLength).toBe(0);
});

test('a reader of the stream gets what waited and what comes later', async () => {
  const made = request(HELLO);
  const text = streamed(made);
  made.push(WORLD);
  ended(made);
  expect(await text).toBe('Hello, world');
  expect(await streamed(ended(request(HELLO, WORLD)))).toBe('Hello, world');
});

test('beyond its bound a body that nobody reads stops the client', () => {
  const made = request();
  expect(made.push(Buffer.alloc(60 * 1024))).toBe(true);
  expect(made.push(Buffer.alloc(4 * 1024))).toBe(false);
});
