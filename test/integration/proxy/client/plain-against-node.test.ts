/**
 * Whatever bytes come, the gateway understands what Node's own parser understands, request by request, or refuses:
 * two readers of one connection that disagree are how requests are smuggled.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RawClient, startEchoServer, type EchoServer } from '../../../support/echo-server.js';
import { propertyRuns } from '../../../support/test-size.js';
import { waitFor } from '../../../support/wait-for.js';

let plain: EchoServer;
let node: EchoServer;

beforeAll(async () => {
  [plain, node] = await Promise.all([startEchoServer({ isPlain: true }), startEchoServer({ isPlain: false })]);
});
afterAll(() => {
  plain.close();
  node.close();
});

/** Ends the connection where both agree that it stands. */
const WITNESS = 'GET /v1/witness HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
/** When a length was made longer than what there is: the client gives up. */
const GIVE_UP_MS = 250;
/** Once more, where they seem to disagree: on a busy machine it may have given up on one of them too soon. */
const PATIENT_GIVE_UP_MS = 5_000;

const method = fc.constantFrom('POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'post', 'POSTS', 'TRACE');
const target = fc.constantFrom(
  '/v1/a/b/openai/x',
  '/v1/',
  '/v1/a?b=c',
  '/v2/x',
  '/v1/\u00e9',
  '*',
  'http://a/v1/x',
  '/v1/a#b',
);
const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1');
const body = fc.constantFrom(
  '',
  'hello',
  '{"a":1}',
  '\u00e9\u0000\r\n\r\n',
  '0\r\n\r\n',
  'GET /v1/smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
);
const line = fc.constantFrom(
  'X-A: 1', 'x-b:', 'X-C:  two words \t', 'X-D: caf\u00e9', 'Connection: keep-alive', 'Connection: Keep-Alive', 'Connection: close',
  'Connection: keep-alive, x', 'Proxy-Connection: close', 'Proxy-Connection: keep-alive', 'Keep-Alive: 5', 'Upgrade: h2c',
  'Connection: upgrade', 'Expect: 100-continue', 'Expect: x', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding:\tchunked ', 'Content-Length: 5', 'content-length: 0', 'Content-Length: +5', 'Content-Length: 05', 'Content-Length: 5, 5',
  'Content-Length : 5', ' folded', '\tfolded: 1', 'no colon', ': 1', 'Content-Length:', 'Trailer: x', 'TE: trailers', 'Host: b',
); // prettier-ignore
const framing = (text: string): fc.Arbitrary<string[]> =>
  fc.constantFrom(
    [`Content-Length: ${text.length}`],
    [`Content-Length: ${text.length}`],
    [`content-length:${text.length}`],
    [],
    ['Transfer-Encoding: chunked'],
    [`Content-Length: ${text.length}`, `Content-Length: ${text.length}`],
  );

const message = fc
  .tuple(method, target, version, fc.array(line, { maxLength: 4 }), body)
  .chain(([verb, path, protocol, lines, text]) =>
    framing(text).map((frame) => [`${verb} ${path} ${protocol}`, 'Host: a', ...lines, ...frame, '', text].join('\r\n')),
  );
const plainText = (verb: string, lines: readonly string[], text: string): string =>
  [`${verb} /v1/a/b/openai/x HTTP/1.1`, 'Host: a', ...lines, `Content-Length: ${text.length}`, 'X-Z: 1', '', text].join(
    '\r\n',
  );
const plainVerb = fc.constantFrom('POST', 'GET', 'DELETE');
const plainLines = fc.constantFrom([], ['X-A: 1', 'X-B: two words']);
/** One that is plain, so that mutations of it are looked at by the plain parser first. */
const plainMessage = fc.tuple(plainVerb, plainLines, body).map(([verb, lines, text]) => plainText(verb, lines, text));
/** Three of one head, but for the lengths of their bodies. */
const repeatedMessages = fc
  .tuple(plainVerb, plainLines, body, body, body)
  .map(([verb, lines, ...texts]) => texts.map((text) => plainText(verb, lines, text)));

const piece = fc.constantFrom(
  '\r', '\n', '\r\n', '\r\n\r\n', '\n\n', '\u0000', ' ', '\t', ':', ',', ';', '+', '-', '0', '1', '9', 'a', '\u0080', '\u00ff', '\u000b',
  '\r\n ', '\r\n\t', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', '\u0130', 'Connection: close\r\n', 'http/1.1', '\r\r\n', '\u0085',
); // prettier-ignore
const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat({ max: 3 }), piece });
const mutations = fc.array(mutation, { maxLength: 2 });

const mutated = (text: string, by: readonly { at: number; cut: number; piece: string }[]): string =>
  by.reduce((before, { at, cut, piece: added }) => {
    const start = Math.floor(at * before.length);
    return before.slice(0, start) + added + before.slice(start + cut);
  }, text);

/** What is sent, in two pieces, after the answers to what goes before. */
interface Sent {
  readonly before: readonly string[];
  readonly bytes: string;
  readonly cutAt: number;
}

/** What the server understood of the bytes, and whether it went on waiting for more. */
async function understood({ port }: EchoServer, { before, bytes, cutAt }: Sent, giveUpMs: number): Promise<unknown> {
  const client = new RawClient(port);
  client.socket.setNoDelay(true).on('end', () => client.socket.end());
  const closed = new Promise<void>((resolve) => client.socket.on('close', () => resolve()));
  for (const [index, text] of before.entries()) {
    client.write(text);
    await waitFor(() => client.answers.length === index + 1, 'the answer to what goes before');
  }
  client.write(bytes.slice(0, cutAt));
  setImmediate(() => client.write(bytes.slice(cutAt) + WITNESS));
  let hasWaited = false;
  const timer = setTimeout(() => {
    hasWaited = true;
    client.socket.destroy();
  }, giveUpMs);
  await closed;
  clearTimeout(timer);
  const understoodBodies = client.answers.filter(({ status }) => status === 200).map(({ body: text }) => text);
  return { requests: understoodBodies, hasWaited };
}

async function agree(before: readonly string[], bytes: string, cutAt: number): Promise<void> {
  const sent = { before, bytes, cutAt };
  const byBoth = (giveUpMs: number): Promise<[unknown, unknown]> =>
    Promise.all([understood(plain, sent, giveUpMs), understood(node, sent, giveUpMs)]);
  let [ours, theirs] = await byBoth(GIVE_UP_MS);
  if (!isDeepStrictEqual(ours, theirs)) [ours, theirs] = await byBoth(PATIENT_GIVE_UP_MS);
  expect(ours).toEqual(theirs);
}

test('a plain request that was tampered with is understood as Node understands it, or refused', async () => {
  await fc.assert(
    fc.asyncProperty(plainMessage, mutations, fc.nat(200), (text, by, cutAt) => agree([], mutated(text, by), cutAt)),
    propertyRuns,
  );
});

test('a request of any kind behind a plain one is understood as Node understands it', async () => {
  await fc.assert(
    fc.asyncProperty(plainMessage, message, mutations, (first, text, by) =>
      agree([first], mutated(text, by), text.length),
    ),
    propertyRuns,
  );
});

test('a request that was tampered with, behind two of the same head, is understood as Node understands it, or refused', async () => {
  await fc.assert(
    fc.asyncProperty(repeatedMessages, mutations, fc.nat(200), ([first = '', second = '', text = ''], by, cutAt) =>
      agree([first, second], mutated(text, by), cutAt),
    ),
    propertyRuns,
  );
});
