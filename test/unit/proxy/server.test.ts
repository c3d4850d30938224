/**
 * What keeps Express fast here: a request or response that Express gives another prototype becomes another kind of
 * object to V8, and all later access to it is slow. These tests hold that nothing of the kind happens: the prototypes
 * that Express wants are there from the start, and V8's own map (hidden class) of a live object outlives the call.
 */
import { once } from 'node:events';
import { createServer, get, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createExpressApp, createShapedServer } from '../../../proxy/server.js';

const servers: Server[] = [];
describe('the server', () => {
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close().closeAllConnections();
      await once(server, 'close');
    }
  });

  /** The JSON that a server answers. */
  async function answerOf(server: Server): Promise<unknown> {
    if (!server.listening) {
      servers.push(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    const { port } = server.address() as AddressInfo; // a TCP server that listens has one
    const [response] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return JSON.parse(text);
  }

  /** V8's `%HaveSameMap`: whether two objects have one hidden class. */
  function haveSameMap(): (a: object, b: object) => boolean {
    v8.setFlagsFromString('--allow-natives-syntax');
    const compiled = vm.runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean; // just written
    compiled({}, {}); // compiled at its first call, which needs the flag
    v8.setFlagsFromString('--no-allow-natives-syntax');
    return compiled;
  }

  test("requests and responses are born with the app's prototypes, so that Express changes none", async () => {
    const app = createExpressApp();
    const server = createShapedServer(app);
    const born: object[] = [];
    server.prependListener('request', (request, response) => {
      born.push(Object.getPrototypeOf(request) as object, Object.getPrototypeOf(response) as object);
    });
    app.use((request, response) => {
      const now = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)] as object[];
      response.json({
        isSame: now[0] === born[0] && now[1] === born[1],
        isApps: now[0] === app.request && now[1] === app.response,
      });
    });
    expect(await answerOf(server)).toEqual({ isSame: true, isApps: true });
  });

  /**
   * Whether two live requests, and their responses, have one hidden class: as they arrive, and after one of each was given
   * the app's prototypes, which is what Express does to all of them.
   */
  async function sameMaps(isShaped: boolean): Promise<{ born: boolean[]; handed: boolean[] }> {
    const isSameMap = haveSameMap();
    const app = createExpressApp();
    const server = isShaped ? createShapedServer(app) : createServer(app);
    const arrived: [IncomingMessage, ServerResponse][] = [];
    server.removeAllListeners('request').on('request', (request: IncomingMessage, response: ServerResponse) => {
      arrived.push([request, response]);
      if (arrived.length < 2) return;
      const compare = ([a, b] = arrived): boolean[] =>
        a === undefined || b === undefined ? [] : [isSameMap(a[0], b[0]), isSameMap(a[1], b[1])];
      const born = compare();
      Object.setPrototypeOf(request, app.request);
      Object.setPrototypeOf(response, app.response);
      const answer = JSON.stringify({ born, handed: compare() });
      for (const [, each] of arrived) each.end(answer);
    });
    const [answer] = await Promise.all([answerOf(server), once(server, 'listening').then(() => answerOf(server))]);
    return answer as { born: boolean[]; handed: boolean[] }; // just written
  }

  test('being handed to Express leaves a live request and response their hidden class', async () => {
    expect(await sameMaps(true)).toEqual({ born: [true, true], handed: [true, true] });
  });

  test('without the shaped classes it takes it from them: the test above can fail', async () => {
    expect(await sameMaps(false)).toEqual({ born: [true, true], handed: [false, false] });
  });

  test("Express's own members work on the shaped objects", async () => {
    const app = createExpressApp();
    app.get('/', (request, response) => {
      response.status(201).json({ host: request.hostname, isApp: request.app === app && response.app === app });
    });
    expect(await answerOf(createShapedServer(app))).toEqual({ host: '127.0.0.1', isApp: true });
  });

  test('another app in the process keeps the ordinary classes', () => {
    createShapedServer(createExpressApp());
    const { request, response } = express();
    expect(Object.getPrototypeOf(request)).toBe(express.request);
    expect(Object.getPrototypeOf(response)).toBe(express.response);
  });

  test('the server has a bound for everything that a client can hold open', () => {
    const server = createShapedServer(createExpressApp());
    expect(server.headersTimeout).toBe(15_000);
    expect(server.requestTimeout).toBe(300_000);
    expect(server.keepAliveTimeout).toBe(65_000);
    expect(server.timeout).toBeGreaterThan(600_000); // the longest time to a first byte; beyond, nobody reads
    expect(server.maxHeadersCount).toBeGreaterThan(0);
  });
});
