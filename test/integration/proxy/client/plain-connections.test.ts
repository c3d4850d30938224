/** One connection of a client, request after request: read in any pieces, handed over to Node's server, ended. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ClientRequest, ClientResponse } from '../../../../proxy/client/client-exchange.js';
import { closeServer } from '../../../../proxy/gateway-server.js';
import { sendError } from '../../../../proxy/own-headers.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { CONNECTION_IDLE_TIMEOUT_MS } from '../../../../proxy/request-bounds.js';
import { RawClient, startEchoServer, type EchoServer } from '../../../support/echo-server.js';
import { waitFor } from '../../../support/wait-for.js';

let server: EchoServer;

beforeEach(async () => {
  server = await startEchoServer({ isPlain: true });
});
afterEach(() => server.close());

const post = (body: string, ...lines: string[]): string =>
  [`POST /v1/a/b/x HTTP/1.1`, 'Host: a', `Content-Length: ${Buffer.byteLength(body)}`, ...lines, '', body].join('\r\n');
const handedOver = (): number | undefined => server.connections?.handedOver;
const bodies = (): string[] => server.seen.map(({ body }) => body);

async function answered(client: RawClient, count: number): Promise<number[]> {
  await waitFor(() => client.answers.length >= count || client.isOver, `${count} answers`);
  return client.answers.map(({ status }) => status);
}

test('a request is understood wherever it is split', async () => {
  const text = post('{"n":1}', 'X-A: 1');
  const client = new RawClient(server.port);
  for (let at = 1; at < text.length; at++) {
    await client.writeApart([text.slice(0, at)], server.server);
    client.write(text.slice(at));
    await answered(client, at);
  }
  expect(new Set(bodies())).toEqual(new Set(['{"n":1}']));
  expect(bodies().length).toBe(text.length - 1);
  expect(handedOver()).toBe(0);
  client.socket.destroy();
});

test('a head that comes byte by byte is left to Node, which is not made to read it anew with each', async () => {
  const client = new RawClient(server.port);
  await client.writeApart(post('hello').split(''), server.server);
  expect(await answered(client, 1)).toEqual([200]);
  expect(bodies()).toEqual(['hello']);
  expect(handedOver()).toBe(1);
  client.socket.destroy();
});

test.each([
  ['a chunked body', 'POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  [
    'HTTP/1.0 that is kept alive',
    'POST /v1/x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello',
  ],
  ['another method', 'OPTIONS /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
  ['another path', 'POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
  ['an absolute target', 'POST http://a/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
  ['an empty line before it', '\r\nPOST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
])('%s behind plain requests is handed over with all that stands behind it', async (_name, other) => {
  const client = new RawClient(server.port).write(post('1') + post('2') + other + post('3') + other);
  expect(await answered(client, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(bodies()).toEqual(['1', '2', 'hello', '3', 'hello']);
  expect(handedOver()).toBe(1);
  expect(server.connections?.size).toBe(0);
  client.write(post('4'));
  expect((await answered(client, 6)).length).toBe(6);
  client.socket.destroy();
});

test('a request that is handed over may have come in part, and go on in any pieces', async () => {
  const other = 'PATCH /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  for (let at = 1; at < other.length; at++) {
    const client = new RawClient(server.port).write(post('1'));
    await answered(client, 1);
    await client.writeApart([other.slice(0, at)], server.server);
    client.write(other.slice(at));
    expect(await answered(client, 2)).toEqual([200, 200]);
    client.socket.destroy();
  }
  expect(bodies().filter((body) => body === 'hello').length).toBe(other.length - 1);
});

test('a client that asks before it sends is told to go on behind plain requests as well', async () => {
  const client = new RawClient(server.port).write(post('1'));
  await answered(client, 1);
  client.write('POST /v1/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await waitFor(() => client.text.includes('HTTP/1.1 100 Continue\r\n\r\n'), 'the client is told to go on');
  client.write('hello');
  expect(await answered(client, 3)).toEqual([200, 100, 200]);
  client.socket.destroy();
});

test('Connection: close behind plain requests ends the connection behind its answer', async () => {
  const client = new RawClient(server.port).write(post('1') + post('2', 'Connection: close') + post('3'));
  await waitFor(() => client.isOver, 'the connection ends');
  expect(client.answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(bodies()).toEqual(['1', '2']);
  client.socket.destroy();
});

test('what stands behind a refused request is none, and the refusal arrives though much is still sent', async () => {
  const bad = 'POST /v1/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n';
  const client = new RawClient(server.port).write(post('1') + bad + post('2').repeat(500));
  await waitFor(() => client.isOver, 'the connection ends');
  expect(client.answers.map(({ status }) => status)).toEqual([200, 400]);
  expect(client.answers.at(-1)?.head).toContain('Connection: close');
  expect(bodies()).toEqual(['1']);
  client.socket.destroy();
});

test.each([
  ['a head', 'POST /v1/x HTTP/1.1\r\nHost: a\r\n'],
  ['a body', 'POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel'],
])('a client that ends its side in the middle of %s is refused, and nothing is begun', async (_name, part) => {
  const client = new RawClient(server.port).write(post('1'));
  await answered(client, 1);
  client.socket.end(part);
  await waitFor(() => client.isOver, 'the connection ends');
  expect(client.answers.map(({ status }) => status)).toEqual([200, 400]);
  await waitFor(() => server.connections?.size === 0, 'the connection is let go');
  expect(bodies()).toEqual(['1']);
});

test('a client that ends its side behind a request is gone', async () => {
  const client = new RawClient(server.port).write(post('1'));
  await answered(client, 1);
  client.socket.end();
  await waitFor(() => server.connections?.size === 0, 'the connection is let go');
  await waitFor(() => client.isOver, 'our side is ended too');
});

test('the thousandth answer says that it is the last, and arrives though requests stand behind it', async () => {
  const client = new RawClient(server.port).write(post('1').repeat(1_200));
  await waitFor(() => client.isOver, 'the connection ends', 15_000);
  const { answers } = client;
  expect(answers.length).toBe(1_000);
  expect(answers.findIndex(({ head }) => head.includes('Connection: close'))).toBe(999);
  expect(server.seen.length).toBe(1_000);
  client.socket.destroy();
});

test('many requests leave no listener on their connection', async () => {
  let socket: ClientRequest['socket'] | null = null;
  server.close();
  server = await startEchoServer({
    isPlain: true,
    serve: (request, response) => {
      ({ socket } = request);
      response.once('close', () => undefined).on('timeout', () => undefined);
      response.writeHead(200, ['content-length', '0']);
      response.end();
    },
  });
  const counts = (): number[] => (socket?.eventNames() ?? []).map((name) => socket?.listenerCount(name) ?? 0);
  const client = new RawClient(server.port).write(post(''));
  await answered(client, 1);
  const before = counts();
  client.write(post('').repeat(900));
  await answered(client, 901);
  expect(counts()).toEqual(before);
  client.socket.destroy();
  await waitFor(() => server.connections?.size === 0, 'the connection is let go');
});

describe('at a stop', () => {
  test('idle connections end, one that is served gets its answer, which says that it is the last', async () => {
    server.close();
    const waiting: ClientResponse[] = [];
    server = await startEchoServer({ isPlain: true, serve: (_request, response) => void waiting.push(response) });
    const [silent, busy] = [new RawClient(server.port), new RawClient(server.port)];
    busy.write(post('1') + post('2'));
    await waitFor(
      () => waiting.length === 1 && server.connections?.size === 2,
      'one waits for its answer, one is silent',
    );
    server.connections?.stop();
    server.connections?.closeIdle(Date.now()); // its first request may be on its way
    expect(server.connections?.size).toBe(2);
    server.connections?.closeIdle(Date.now() + 2_000);
    await waitFor(() => silent.isOver, 'the silent one is closed');
    const [response] = waiting;
    response?.writeHead(200, ['content-length', '2']);
    response?.end('ok');
    await waitFor(() => busy.isOver, 'the other one ends');
    expect(busy.answers.map(({ status, body }) => [status, body])).toEqual([[200, 'ok']]);
    expect(busy.answers[0]?.head).toContain('\r\nConnection: close');
    expect(waiting.length).toBe(1);
    busy.socket.destroy();
  });

  describe('of what Node serves', () => {
    const CHUNKED = 'POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
    const lasts = (client: RawClient): boolean[] =>
      client.answers.map(({ head }) => head.includes('\r\nConnection: close'));

    test.each([
      ['a chunked upload', CHUNKED],
      ['HEAD', 'HEAD /v1/x HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['a health check', 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
    ])('the answer to %s says that it is the last', async (_name, request) => {
      server.connections?.stop();
      const client = new RawClient(server.port).write(request);
      await waitFor(() => client.isOver, 'the connection ends');
      expect(client.text).toMatch(/^HTTP\/1.1 200 OK\r\n(.+\r\n)*Connection: close\r\n/);
      client.socket.destroy();
    });

    test('all are answered that have begun on a connection, and the last one says that it is the last', async () => {
      server.close();
      const waiting: ClientResponse[] = [];
      server = await startEchoServer({ isPlain: true, serve: (_request, response) => void waiting.push(response) });
      const [before, both] = [new RawClient(server.port), new RawClient(server.port)];
      before.write(CHUNKED + CHUNKED);
      await waitFor(() => waiting.length === 2, 'two have begun');
      both.write(CHUNKED);
      await waitFor(() => waiting.length === 3, 'one has begun');
      server.connections?.stop();
      both.write(CHUNKED);
      await waitFor(() => waiting.length === 4, 'one more begins behind it');
      for (const response of waiting) response.writeHead(200, ['content-length', '0']);
      for (const response of waiting) response.end();
      await waitFor(() => before.isOver && both.isOver, 'the connections end');
      expect([lasts(before), lasts(both)]).toEqual([
        [false, true],
        [false, true],
      ]);
      before.socket.destroy();
      both.socket.destroy();
    });
  });

  test('a request is served that has arrived when nobody has read it yet, however old its connection is', async () => {
    const { connections } = server;
    if (connections === null) throw new Error('the server reads plain requests');
    const client = new RawClient(server.port);
    await waitFor(() => connections.size === 1, 'the connection is accepted');
    client.write(post('late'));
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    const closing = { lameDuckMs: 0, deadlineMs: 5_000, giveUp: () => Promise.resolve() };
    try {
      await closeServer({ server: server.server, connections }, closing);
    } finally {
      clock.mockRestore();
    }
    expect(await answered(client, 1)).toEqual([200]);
    expect(client.answers[0]?.head).toContain('\r\nConnection: close');
  });
});

describe('a client that takes too long', () => {
  beforeEach(async () => {
    server.close();
    server = await startEchoServer({ isPlain: true });
  });

  /** Looks at what waits now, and as it would after so many ms. */
  const sweepAfter = (ms: number): void => {
    server.connections?.sweep(Date.now());
    server.connections?.sweep(Date.now() + ms);
  };

  test.each([
    ['to send anything', '', 15_000],
    ['over a head', 'POST /v1/x HTTP/1.1\r\nHost: a\r\n', 15_000],
    ['over a body', 'POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel', 300_000],
  ])('%s is told so, in time', async (_name, part, boundMs) => {
    const client = new RawClient(server.port);
    await once(client.socket, 'connect');
    await waitFor(() => server.connections?.size === 1, 'the connection is taken in');
    if (part !== '') await client.writeApart([part], server.server);
    sweepAfter(boundMs / 3); // this machine may have been slow meanwhile
    expect(server.connections?.size).toBe(1);
    sweepAfter(boundMs + 1_000);
    await waitFor(() => client.isOver, 'the connection ends');
    expect(client.answers.map(({ status }) => status)).toEqual([400]);
    expect(client.text).toContain('did not arrive in time');
    client.socket.destroy();
    await waitFor(() => server.connections?.size === 0, 'the connection is let go');
  });

  test('to ask again is cut without a word', async () => {
    const client = new RawClient(server.port).write(post('1'));
    await answered(client, 1);
    sweepAfter(40_000);
    expect(server.connections?.size).toBe(1);
    sweepAfter(66_000);
    await waitFor(() => client.isOver, 'the connection ends');
    expect(client.answers.map(({ status }) => status)).toEqual([200]);
  });

  test('for its answer it does not: that is not the client’s to give', async () => {
    server.close();
    const waiting: ClientResponse[] = [];
    server = await startEchoServer({ isPlain: true, serve: (_request, response) => void waiting.push(response) });
    const client = new RawClient(server.port).write(post('1'));
    await waitFor(() => waiting.length === 1, 'the request is taken');
    sweepAfter(CONNECTION_IDLE_TIMEOUT_MS - 60_000);
    waiting[0]?.writeHead(204, []);
    waiting[0]?.end();
    expect(await answered(client, 1)).toEqual([204]);
    client.socket.destroy();
  });

  test('to read an answer that takes long is cut when nothing has passed for long', async () => {
    server.close();
    const waiting: ClientResponse[] = [];
    server = await startEchoServer({ isPlain: true, serve: (_request, response) => void waiting.push(response) });
    const client = new RawClient(server.port).write(post('1'));
    await waitFor(() => waiting.length === 1, 'the request is taken');
    let atMs = Date.now();
    const sweepLater = (ms: number): void => server.connections?.sweep((atMs += ms));
    sweepLater(0);
    sweepLater(CONNECTION_IDLE_TIMEOUT_MS - 60_000);
    waiting[0]?.writeHead(200, ['x-one', 'two']);
    waiting[0]?.flushHeaders();
    await waitFor(() => client.text.includes('x-one'), 'the head has passed');
    sweepLater(120_000);
    sweepLater(CONNECTION_IDLE_TIMEOUT_MS - 60_000);
    expect(server.connections?.size).toBe(1);
    sweepLater(60_000);
    await waitFor(() => client.isOver, 'the connection is cut');
    client.socket.destroy();
  });

  test('to read is cut by the timer that its answer set, which no other answer has', async () => {
    server.close();
    const waiting: ClientResponse[] = [];
    const timeouts: (number | undefined)[] = [];
    const serve = (request: ClientRequest, response: ClientResponse): void => {
      timeouts.push(request.socket.timeout);
      waiting.push(response);
    };
    server = await startEchoServer({ isPlain: true, serve });
    const client = new RawClient(server.port).write(post('1') + post('2'));
    await waitFor(() => waiting.length === 1, 'the request is taken');
    const socket = waiting[0]?.req.socket;
    socket?.setTimeout(CONNECTION_IDLE_TIMEOUT_MS); // as relay does for a client that reads slowly
    waiting[0]?.writeHead(204, []);
    waiting[0]?.end();
    await waitFor(() => waiting.length === 2, 'the next one is taken');
    expect(timeouts).toEqual([undefined, 0]);
    socket?.setTimeout(100);
    sweepAfter(2_000);
    expect(socket?.timeout).toBe(100);
    await waitFor(() => client.isOver, 'the connection is cut');
    client.socket.destroy();
  });

  test('over a body that was answered before is cut: a refusal would pass for the next answer', async () => {
    server.close();
    server = await startEchoServer({
      isPlain: true,
      serve: (_request, response) => {
        response.writeHead(200, ['content-length', '0']);
        response.end();
      },
    });
    const client = new RawClient(server.port).write('POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel');
    await answered(client, 1);
    sweepAfter(302_000);
    await waitFor(() => client.isOver, 'the connection ends');
    expect(client.answers.map(({ status }) => status)).toEqual([200]);
  });
});

test('an answer before its body ends lets the rest of the body pass, and the next request is read behind it', async () => {
  server.close();
  let count = 0;
  server = await startEchoServer({
    isPlain: true,
    serve: (_request, response) => {
      response.writeHead(200, ['content-length', '1']);
      response.end(String(++count));
    },
  });
  const client = new RawClient(server.port).write('POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n');
  await answered(client, 1);
  client.write(`${'x'.repeat(200_000)}${post('next')}`);
  expect(await answered(client, 2)).toEqual([200, 200]);
  client.socket.destroy();
});

test('an early refusal of a body that is still coming is read, and the connection ends', async () => {
  server.close();
  server = await startEchoServer({
    isPlain: true,
    serve: (_request, response) => sendError(response, new GatewayError('bodyTooLarge', 'no'), [], { close: true }),
  });
  const client = new RawClient(server.port).write(
    `POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(20_000)}`,
  );
  await waitFor(() => client.isOver, 'our side ends');
  expect(client.answers.map(({ status }) => status)).toEqual([413]);
  client.socket.destroy();
});
