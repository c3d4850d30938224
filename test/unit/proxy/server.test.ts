import { once } from 'node:events';
import { get, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createBoundedServer, createExpressApp } from '../../../proxy/server.js';

describe("Node's server", () => {
  test('Express neither sees nor reshapes what the gateway takes', async () => {
    const app = createExpressApp();
    const seen: string[] = [];
    app.use((request, response) => {
      seen.push(request.url);
      response.end();
    });
    const prototypes: object[] = [];
    const server = createBoundedServer(app, (request, response) => {
      if (!request.url?.startsWith('/v1/')) return false;
      prototypes.push(Object.getPrototypeOf(request) as object, Object.getPrototypeOf(response) as object);
      response.end();
      return true;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // a TCP server that listens has one
    for (const path of ['/v1/a/b/openai', '/healthz']) {
      const [response] = (await once(get({ port, host: '127.0.0.1', path }), 'response')) as [IncomingMessage];
      response.resume();
    }
    server.close().closeAllConnections();
    expect(seen).toEqual(['/healthz']);
    expect(prototypes).toEqual([IncomingMessage.prototype, ServerResponse.prototype]);
  });

  test('the server has a bound for everything that a client can hold open', () => {
    const server = createBoundedServer(createExpressApp());
    expect(server.headersTimeout).toBe(15_000);
    expect(server.requestTimeout).toBe(300_000);
    expect(server.keepAliveTimeout).toBe(65_000);
    expect(server.timeout).toBeGreaterThan(600_000); // the longest time to a first byte; beyond, nobody reads
    expect(server.maxHeadersCount).toBeGreaterThan(0);
  });
});
