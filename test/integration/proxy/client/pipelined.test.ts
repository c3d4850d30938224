/**
 * A client that does not wait for answers before it asks again: all are given, in order, and little is held meanwhile.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Serve } from '../../../../proxy/client/client-connections.js';
import type { ClientResponse } from '../../../../proxy/client/client-exchange.js';
import { RawClient, startEchoServer, type EchoServer } from '../../../support/echo-server.js';
import { waitFor } from '../../../support/wait-for.js';

/** What may wait, and one read more. */
const HELD_BYTES_MAX = 128 * 1024;

let server: EchoServer;
afterEach(() => server.close());

const get = (path: string): string => `GET /v1/a/b/${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (body: string): string =>
  `POST /v1/a/b/x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

test('of megabytes of requests that wait, no more is read than is held, and the answers come in order', async () => {
  const requests = Array.from({ length: 900 }, (_none, index) => get(String(index)));
  let servedBytes = 0;
  let heldBytes = 0;
  const serve: Serve = ({ url = '', socket }, response) => {
    servedBytes += get(url.slice('/v1/a/b/'.length)).length;
    heldBytes = Math.max(heldBytes, socket.bytesRead - servedBytes);
    if (url.endsWith('unanswered')) return;
    setImmediate(() => {
      response.writeHead(200, ['content-length', String(url.length)]);
      response.end(url);
    });
  };
  server = await startEchoServer({ isPlain: true, serve });
  const client = new RawClient(server.port).write(requests.join('') + get('unanswered').repeat(100_000));
  await waitFor(() => client.answers.length === requests.length, 'all are answered');
  expect(client.answers.map(({ body }) => body)).toEqual(requests.map((_request, index) => `/v1/a/b/${index}`));
  expect(heldBytes).toBeGreaterThan(HELD_BYTES_MAX / 4);
  expect(heldBytes).toBeLessThanOrEqual(HELD_BYTES_MAX);
  client.socket.destroy();
});

test('bodies of all sizes are whole, wherever what is held ends', async () => {
  server = await startEchoServer({ isPlain: true });
  const bodies = Array.from({ length: 120 }, (_none, index) =>
    String.fromCharCode(97 + (index % 26)).repeat([0, 30, 7_000, 64 * 1024, 1, 100_000, 128 * 1024][index % 7] ?? 0),
  );
  const client = new RawClient(server.port).write(bodies.map(post).join(''));
  await waitFor(() => server.seen.length === bodies.length, 'all have been read');
  expect(server.seen.map(({ body }) => body)).toEqual(bodies);
  expect(server.connections?.handedOver).toBe(0);
  client.socket.destroy();
});

describe('behind one that takes its time', () => {
  let first: ClientResponse | null = null;
  beforeEach(async () => {
    first = null;
    const serve: Serve = (_request, response) => {
      response.writeHead(200, ['content-length', '0']);
      if (first === null) first = response;
      else response.end();
    };
    server = await startEchoServer({ isPlain: true, serve });
  });
  const answerFirst = async (): Promise<void> => {
    await waitFor(() => first?.socket?.isPaused(), 'no more is read');
    first?.end();
  };

  test('requests in very many pieces are all answered', async () => {
    const client = new RawClient(server.port).write(get('first'));
    await waitFor(() => first, 'it is taken');
    await client.writeApart(get('x').repeat(9).split(''), server.server);
    await answerFirst();
    await waitFor(() => client.answers.length === 10, 'all are answered');
    client.socket.destroy();
  });

  test('one that is handed over goes on at Node with all that stands behind it, read or not', async () => {
    const other = 'POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    const client = new RawClient(server.port).write(get('first') + other + get('x'.repeat(400)).repeat(800));
    await answerFirst();
    await waitFor(() => client.answers.length === 802, 'all are answered');
    expect(server.connections?.handedOver).toBe(1);
    client.socket.destroy();
  });
});
