import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { GatewayError } from '../../../proxy/gateway-error.js';
import { ownHeaders, sendError, sendPreflight } from '../../../proxy/own-headers.js';

/** A response that keeps what it was told to write. */
class WrittenResponse extends ServerResponse {
  status = 0;
  head: Record<string, string> = {};
  body = '';

  constructor() {
    super(new IncomingMessage(new Socket()));
  }

  override writeHead(status: number, ...rest: unknown[]): this {
    this.status = status;
    const flat = rest.at(-1) as string[]; // the proxy writes its heads as flat lists
    for (let i = 0; i < flat.length; i += 2) this.head[flat[i] ?? ''] = flat[i + 1] ?? '';
    return this;
  }

  override end(body?: unknown): this {
    this.body = typeof body === 'string' ? body : '';
    return this;
  }
}

const IDS = { id: '0199-id', eventId: 'order-7' };

test('every answer names its request and event; the log id is there only when a log will be', () => {
  const pairs = (headers: string[]): string[] => headers.filter((_text, i) => i % 2 === 0);
  expect(pairs(ownHeaders(IDS, true))).toContain('cf-aig-log-id');
  expect(pairs(ownHeaders(IDS, false))).not.toContain('cf-aig-log-id');
  expect(ownHeaders(IDS, true).slice(-6)).toEqual([
    'cf-aig-request-id',
    '0199-id',
    'cf-aig-event-id',
    'order-7',
    'cf-aig-log-id',
    '0199-id',
  ]);
});

test('an error is the envelope of the wire, with its length in bytes', () => {
  const response = new WrittenResponse();
  sendError(response, new GatewayError('unauthorized', 'kein Schlüssel'), ownHeaders(IDS, false), { close: false });
  expect(response.status).toBe(401);
  expect(response.head).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(response.body)),
    'access-control-allow-origin': '*',
  });
  expect(response.head).not.toHaveProperty('connection');
  expect(JSON.parse(response.body)).toEqual({
    success: false,
    result: [],
    messages: [],
    error: [{ code: 2009, message: 'Unauthorized' }],
    name: 'AiGatewayError',
    httpCode: 401,
    internalCode: 2009,
    message: 'Unauthorized',
    description: 'kein Schlüssel',
  });
});

test('an error that will pass says when to come back, and one before the body ends the connection', () => {
  const response = new WrittenResponse();
  const error = new GatewayError('unavailable', 'full', { retryAfterSeconds: 5, cause: new Error('secret') });
  sendError(response, error, [], { close: true });
  expect(response.head).toMatchObject({ 'retry-after': '5', connection: 'close' });
  expect(response.body).not.toContain('secret');
});

test('a preflight allows what was asked, or anything, and never credentials', () => {
  const [asked, unasked] = [new WrittenResponse(), new WrittenResponse()];
  sendPreflight(asked, 'authorization,cf-aig-metadata');
  sendPreflight(unasked, null);
  expect(asked.status).toBe(204);
  expect(asked.head).toMatchObject({ 'access-control-allow-headers': 'authorization,cf-aig-metadata' });
  expect(unasked.head).toMatchObject({ 'access-control-allow-headers': '*', 'access-control-allow-origin': '*' });
  expect(asked.head).not.toHaveProperty('access-control-allow-credentials');
});
