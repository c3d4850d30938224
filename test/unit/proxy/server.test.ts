import { describe, expect, test } from '@jest/globals';
import { createBoundedServer, createExpressApp } from '../../../proxy/server.js';

describe("Node's server", () => {
  test('the server has a bound for everything that a client can hold open', () => {
    const server = createBoundedServer(createExpressApp());
    expect(server.headersTimeout).toBe(15_000);
    expect(server.requestTimeout).toBe(300_000);
    expect(server.keepAliveTimeout).toBe(65_000);
    expect(server.timeout).toBeGreaterThan(600_000); // the longest time to a first byte; beyond, nobody reads
    expect(server.maxHeadersCount).toBeGreaterThan(0);
  });
});
