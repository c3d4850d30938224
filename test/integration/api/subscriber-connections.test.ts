/** Connections of subscribers that do not behave: none of them ends the api, and none is held for nothing. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { buildSchema, type ExecutionResult } from 'graphql';
import { WebSocket } from 'ws';
import { graphqlSse } from '../../../api/http/graphql-sse.js';
import { GraphqlWs } from '../../../api/http/graphql-ws.js';
import { SubscriptionOperations } from '../../../api/http/subscription-operations.js';
import type { OperationEntrance } from '../../../api/graphql/operation-entrance.js';
import type { RequestContexts } from '../../../api/request-context.js';
import { listen } from '../../../platform/listen.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** An upgrade that was answered, on a connection that the client does not end. */
async function upgraded(
  path: string,
  of = api,
  localAddress = '127.0.0.1',
): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const { hostname, port } = new URL(of.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, localAddress });
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer]; // what node gives
  return { socket, answer: answer.toString() };
}

const health = async (): Promise<number> => (await fetch(`${api.url}/healthz`)).status;

test('a client that resets a refused upgrade does not end the api', async () => {
  const { socket, answer } = await upgraded('/nowhere');
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  socket.resetAndDestroy();
  expect(await health()).toBe(200);
});

test('a refused upgrade is closed, whatever its client keeps open', async () => {
  const { socket } = await upgraded('/nowhere');
  await waitFor(() => {
    if (!socket.destroyed) socket.write('more');
    return socket.destroyed;
  }, 'the api has closed its side too');
  expect(await health()).toBe(200);
});

test('an api that drains takes no new subscribers', async () => {
  const drained = await startTestApi({}, undefined, undefined, api);
  drained.api.drain();
  const { socket, answer } = await upgraded('/graphql', drained);
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  socket.resetAndDestroy();
  await drained.stop();
});

/** A promise that the test settles. */
class Signal<T> {
  resolve: (value: T) => void = () => undefined;
  readonly promise = new Promise<T>((resolve) => {
    this.resolve = resolve;
  });
}

/** Operations that begin when the test says so, and whose one subscription tells nothing. */
class HeldOperations extends SubscriptionOperations {
  readonly begun = new Signal<void>();
  readonly mayBegin = new Signal<void>();
  readonly letGo = new Signal<IteratorResult<ExecutionResult, undefined>>();

  constructor() {
    const nobody = { callerOf: () => ({ credential: null, ip: null, userAgent: null }) };
    const entrance = { schema: buildSchema('type Query { nothing: Int }') } as OperationEntrance; // all that is asked of it
    super(entrance, nobody as unknown as RequestContexts, (formatted) => formatted); // all that is asked of it
  }

  override async begin(): Promise<AsyncIterable<ExecutionResult>> {
    this.begun.resolve();
    await this.mayBegin.promise;
    const end = (): Promise<IteratorResult<ExecutionResult, undefined>> => {
      this.letGo.resolve({ done: true, value: undefined });
      return this.letGo.promise;
    };
    return { [Symbol.asyncIterator]: () => ({ next: () => this.letGo.promise, return: end }) };
  }
}

test('a subscriber by events who leaves before the subscription stands is let go', async () => {
  const operations = new HeldOperations();
  const left = new Signal<void>();
  const app = express().use((_request, response, next) => {
    response.once('close', () => left.resolve());
    next();
  }, graphqlSse(operations));
  const server = createServer(app);
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'api', variable: 'API_PORT' });
  const client = connect(port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nhost: api\r\n\r\n');
  await operations.begun.promise;
  client.destroy();
  await left.promise;
  operations.mayBegin.resolve();
  expect(await operations.letGo.promise).toEqual({ done: true, value: undefined });
  server.close();
});

test('what goes wrong inside is not told as the reason for which a WebSocket closes', async () => {
  const server = createServer();
  const sockets = new GraphqlWs(express(), 'http://localhost:4000', new HeldOperations()); // it can tell nobody's access
  sockets.attach(server);
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'api', variable: 'API_PORT' });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  socket.once('open', () => socket.send('{"type":"connection_init"}'));
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]; // what ws gives
  expect([code, reason.toString()]).toEqual([4500, 'Internal server error']);
  await sockets.close();
  server.close();
});

/** The api's own subscriptions behind WebSockets that may be idle for so long. */
async function withIdleMsMax(idleMsMax: number) {
  const server = createServer();
  const sockets = new GraphqlWs(express(), 'http://localhost:4000', api.api.subscribers, idleMsMax);
  sockets.attach(server);
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'api', variable: 'API_PORT' });
  const tenant = await createTenant(api.owner);
  const gatewayId = await tenant.gateway('main');
  const authorization = `Bearer ${await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] })}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  const closed = once(socket, 'close') as Promise<[number, Buffer]>; // what ws gives
  socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
  const [acknowledged] = (await once(socket, 'message')) as [Buffer]; // what ws gives
  expect(acknowledged.toString()).toBe('{"type":"connection_ack"}');
  const query = 'subscription($id: ID!) { logs(gatewayId: $id) { cursor } }';
  return {
    socket,
    /** its code and reason; it may be closed before a test comes to look */
    closed,
    subscribe: () => {
      const payload = { query, variables: { id: gatewayId } };
      socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
    },
    complete: () => socket.send('{"id":"1","type":"complete"}'),
    stop: async () => {
      socket.terminate();
      await sockets.close();
      server.close();
    },
  };
}

test('a WebSocket without a subscription is closed, and told why', async () => {
  const { idle } = api.api.subscribers.counts;
  const connection = await withIdleMsMax(50);
  const [code, reason] = await connection.closed;
  expect([code, reason.toString()]).toEqual([4410, 'No subscription']);
  expect(api.api.subscribers.counts.idle).toBe(idle + 1);
  await connection.stop();
});

test('a WebSocket is not idle while it has a subscription, and is again when that has ended', async () => {
  const { following } = api.api.services.logTail.counts;
  const busy = await withIdleMsMax(1_000);
  busy.subscribe();
  await waitFor(() => api.api.services.logTail.counts.following > following, 'the subscription stands');
  const later = await withIdleMsMax(1_000);
  await later.closed;
  expect(busy.socket.readyState).toBe(WebSocket.OPEN);
  busy.complete();
  const [code] = await busy.closed;
  expect(code).toBe(4410);
  await Promise.all([busy.stop(), later.stop()]);
});

/** What one network, and one account, may hold. */
const CONNECTIONS_OF_ONE_MAX = 40;

test('who never says who he is takes the places of his own network alone', async () => {
  const { refused } = api.api.subscribers.counts;
  const silent = () => upgraded('/graphql', api, '127.0.0.2');
  const held = await Promise.all(Array.from({ length: CONNECTIONS_OF_ONE_MAX }, silent));
  expect(held.every(({ answer }) => answer.startsWith('HTTP/1.1 101 '))).toBe(true);
  const one = await silent();
  const other = await upgraded('/graphql');
  expect(one.answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(other.answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(api.api.subscribers.counts.refused).toBe(refused + 1);
  for (const { socket } of [...held, one, other]) socket.destroy();
});

/** A WebSocket of an account's token: what it heard first, or how it was closed. */
async function identified(authorization: string): Promise<{ readonly socket: WebSocket; readonly heard: string }> {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
  const closed = once(socket, 'close').then(([code, reason]) => `${String(code)} ${String(reason)}`);
  const told = once(socket, 'message').then(([message]) => String(message));
  return { socket, heard: await Promise.race([told, closed]) };
}

test('one account takes no more places than its own, by either way, and has them again when it leaves', async () => {
  const bearer = async (): Promise<string> => {
    const tenant = await createTenant(api.owner);
    return `Bearer ${await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] })}`;
  };
  const [own, other] = await Promise.all([bearer(), bearer()]);
  const held: WebSocket[] = [];
  while (held.length < CONNECTIONS_OF_ONE_MAX) {
    const { socket, heard } = await identified(own);
    expect(heard).toBe('{"type":"connection_ack"}');
    held.push(socket);
  }
  const tooMany = 'Too many subscribers are connected: try again later.';
  expect((await identified(own)).heard).toBe(`4503 ${tooMany}`);
  const byEvents = await fetch(`${api.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: own },
    body: JSON.stringify({ query: 'subscription { logs(gatewayId: "none") { cursor } }' }),
  });
  expect(await byEvents.text()).toContain(tooMany);
  const others = await identified(other);
  expect(others.heard).toBe('{"type":"connection_ack"}');
  for (const socket of [...held, others.socket]) socket.terminate();
  const again = await waitFor(async () => {
    const { socket, heard } = await identified(own);
    return heard.startsWith('{') ? socket : null;
  }, 'there is room for the account again');
  again.terminate();
});
