import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JOINED_BYTES_MAX } from '../../../../proxy/client/joined-write.js';
import { PlainRequest } from '../../../../proxy/client/plain-request.js';
import { PlainResponse, type ResponseOwner } from '../../../../proxy/client/plain-response.js';
import type { Arrival, UpstreamCall } from '../../../../proxy/exchange.js';
import { ownHeaders, writeAnswerHead } from '../../../../proxy/own-headers.js';
import { propertyRuns } from '../../../support/test-size.js';

/** A client's socket, whose system takes each write when it is told to, or at once. */
class Client extends Duplex {
  readonly writes: Buffer[] = [];
  private takeOne: (() => void) | null = null;

  constructor(private readonly isSlow: boolean) {
    super({ read: () => undefined });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.writes);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.isSlow) {
      this.writes.push(chunk); // what the system has not taken yet, it has not copied either
      this.takeOne = done;
    } else {
      this.writes.push(Buffer.from(chunk));
      done();
    }
  }

  takeAll(): void {
    for (let take = this.takeOne; take !== null; take = this.takeOne) {
      this.takeOne = null;
      take();
    }
  }
}

function answerTo(client: Client): PlainResponse {
  const owner: ResponseOwner = { mayGoOn: true, onSent: () => undefined };
  const head = { method: 'POST', url: '/v1/a/b/c', rawHeaders: [], headBytes: 0, bodyBytes: 0 };
  return new PlainResponse(owner, new PlainRequest(client as unknown as Socket, head)); // what an answer does with a socket
}

const DATED = ['date', 'Sun, 29 Nov 2026 10:00:00 GMT'];
const eventId = fc.stringMatching(/^[!-~]{1,40}$/);
const cacheStatus = fc.constantFrom('HIT' as const, 'MISS' as const, undefined);

test('our own headers are the same as text and as a list', () => {
  fc.assert(
    fc.property(eventId, fc.boolean(), cacheStatus, (ofEvent, isLog, status) => {
      const [listed, written] = [new Client(false), new Client(false)];
      const arrival = { id: '0199-id', eventId: ofEvent, step: null, response: answerTo(written) };
      const list = [...DATED, ...ownHeaders(arrival, isLog, status)];
      answerTo(listed).writeHead(201, list).end();
      const head = { statusCode: 201, headers: DATED };
      writeAnswerHead(arrival as unknown as Arrival, { isLog } as UpstreamCall, head, status); // what is read of them
      arrival.response.end();
      expect(written.bytes.toString('latin1')).toBe(listed.bytes.toString('latin1'));
    }),
    propertyRuns,
  );
});

const sizes = fc.oneof(
  fc.nat(40),
  fc.nat(3_000),
  fc.integer({ min: JOINED_BYTES_MAX - 400, max: JOINED_BYTES_MAX + 9 }),
);
const pieces = fc.array(fc.tuple(sizes, fc.nat(255)), { maxLength: 5 });

test('an answer is the same to a client that is quick and to one that is slow', async () => {
  const answer = async (isSlow: boolean, framing: string[], body: readonly Uint8Array[]): Promise<string> => {
    const client = new Client(isSlow);
    const response = answerTo(client);
    response.writeHead(200, [...DATED, ...framing]);
    for (const piece of body.slice(0, -1)) response.write(piece);
    response.end(body.at(-1));
    client.takeAll();
    if (!response.closed) await new Promise<void>((resolve) => void response.once('close', resolve));
    return client.bytes.toString('latin1');
  };
  await fc.assert(
    fc.asyncProperty(pieces, fc.boolean(), async (filled, isChunked) => {
      const body = filled.map(([size, byte]) => Buffer.alloc(size, byte));
      const length = body.reduce((sum, piece) => sum + piece.length, 0);
      const framing = isChunked ? [] : ['content-length', String(length)];
      const quick = await answer(false, framing, body);
      expect(await answer(true, framing, body)).toBe(quick);
      const sent = body.filter((piece) => piece.length > 0).map((piece) => piece.toString('latin1'));
      const chunks = [...sent, ''].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
      expect(quick.slice(quick.indexOf('\r\n\r\n') + 4)).toBe((isChunked ? chunks : sent).join(''));
    }),
    { ...propertyRuns, numRuns: Math.min(propertyRuns.numRuns, 500) }, // of up to 800 kB each
  );
});

test('bytes that wait for a slow client are not written over by other answers', () => {
  const slow = Array.from({ length: 400 }, (_, index) => ({ client: new Client(true), byte: index % 256 }));
  for (const { client, byte } of slow) {
    const response = answerTo(client).writeHead(200, DATED);
    response.write(Buffer.alloc(1_000, byte));
    answerTo(new Client(false)).writeHead(200, DATED).end(Buffer.alloc(2_000, 255));
  }
  for (const { client, byte } of slow) {
    const text = client.bytes.toString('latin1');
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(`3e8\r\n${String.fromCharCode(byte).repeat(1_000)}\r\n`);
  }
});
