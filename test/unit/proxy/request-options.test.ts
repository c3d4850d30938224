import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../proxy/gateway-error.js';
import { bearer, overlaidOptions, parseRequestOptions, type RequestOptions } from '../../../proxy/request-options.js';
import { propertyRuns } from '../../support/test-size.js';

test.each<[string, string, Partial<RequestOptions>]>([
  ['cf-aig-authorization', 'Bearer tgt_x', { authorization: 'tgt_x' }],
  ['CF-AIG-Authorization', 'bearer  tgt_x ', { authorization: 'tgt_x' }],
  ['cf-aig-authorization', 'tgt_x', { authorization: null }],
  ['cf-aig-event-id', 'order-7', { eventId: 'order-7' }],
  ['cf-aig-event-id', '', { eventId: null }],
  ['cf-aig-event-id', 'x'.repeat(257), { eventId: null }],
  ['cf-aig-event-id', 'caf\u00e9', { eventId: null }],
  ['cf-aig-collect-log', 'true', { collectLog: true }],
  ['cf-aig-collect-log', ' FALSE ', { collectLog: false }],
  ['cf-aig-collect-log-payload', 'false', { collectLogPayload: false }],
  ['cf-aig-request-timeout', '5000', { requestTimeoutMs: 5_000 }],
  ['cf-aig-request-timeout', '1', { requestTimeoutMs: 100 }],
  ['cf-aig-request-timeout', '999999999', { requestTimeoutMs: 600_000 }],
  ['cf-aig-zdr', 'false', {}],
  ['cf-aig-skip-cache', 'true', {}],
  ['cf-aig-of-tomorrow', 'whatever', {}],
  ['cf-aig-metadata', '{"a":1,"b":"x","c":true}', { metadata: { a: 1, b: 'x', c: true }, metadataNote: null }],
  ['cf-aig-metadata', '{}', { metadata: null, metadataNote: null }],
  ['cf-aig-metadata', 'null', { metadata: null, metadataNote: 'metadata dropped: not a JSON object' }],
  ['cf-aig-metadata', '{"":1,"a":{}}', { metadata: null, metadataNote: 'metadata dropped: , a' }],
  ['cf-aig-metadata', '{"a":1e999}', { metadata: null, metadataNote: 'metadata dropped: a' }],
])('%s: %j is read', (name, value, expected) => {
  expect(parseRequestOptions(['host', 'x', name, value])).toMatchObject(expected);
});

test.each([
  ['cf-aig-collect-log', '1'],
  ['cf-aig-collect-log', ''],
  ['cf-aig-collect-log-payload', 'yes'],
  ['cf-aig-request-timeout', '1.5'],
  ['cf-aig-request-timeout', '-1'],
  ['cf-aig-request-timeout', ''],
  ['cf-aig-custom-cost', '[]'],
  ['cf-aig-zdr', 'true'],
  ['cf-aig-metadata', 'x'.repeat(8 * 1024 + 1)],
])('%s: %j is refused by name', (name, value) => {
  const parse = (): unknown => parseRequestOptions([name, value]);
  expect(parse).toThrow(GatewayError);
  expect(parse).toThrow(name);
});

test('metadata that came as UTF-8 is read as UTF-8, and any other bytes as latin1', () => {
  const onTheWire = Buffer.from('{"город":"Zürich 🏔"}').toString('latin1');
  expect(parseRequestOptions(['cf-aig-metadata', onTheWire]).metadata).toEqual({ город: 'Zürich 🏔' });
  expect(parseRequestOptions(['cf-aig-metadata', '{"a":"caf\u00e9"}']).metadata).toEqual({ a: 'café' });
});

test('a header of ours that stands twice is refused by name', () => {
  const parse = (): unknown =>
    parseRequestOptions(['cf-aig-collect-log', 'true', 'x', '1', 'CF-AIG-Collect-Log', 'false']);
  expect(parse).toThrow('cf-aig-collect-log stands more than once');
});

test('without headers of ours every request has the same, frozen options', () => {
  const first = parseRequestOptions(['host', 'x', 'accept', '*/*', 'cf-ray', '1']);
  expect(parseRequestOptions([])).toBe(first);
  expect(Object.isFrozen(first)).toBe(true);
});

test('a metadata key that names the prototype is a key like any other', () => {
  const { metadata } = parseRequestOptions(['cf-aig-metadata', '{"__proto__":"x","constructor":"y"}']);
  expect(Object.entries(metadata ?? {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('a bearer token is what follows the scheme, in any case of it', () => {
  expect(bearer('BEARER abc')).toBe('abc');
  for (const value of ['', 'Bearer', 'Bearer ', 'Basic abc', 'abc']) expect(bearer(value)).toBeNull();
});

const names = fc.constantFrom(
  'cf-aig-authorization',
  'cf-aig-event-id',
  'cf-aig-metadata',
  'cf-aig-collect-log',
  'cf-aig-custom-cost',
  'cf-aig-request-timeout',
  'cf-aig-zdr',
  'CF-AIG-Metadata',
  'cf-aig-',
  'accept',
);
const values = fc.oneof(fc.string(), fc.json(), fc.constantFrom('true', 'false', '0', 'NaN', '{"per_token_in":1}'));

test('whatever the headers are, they are read or refused with 9001, and metadata stays within its bound', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(names, values)), (headers) => {
      try {
        const { metadata } = parseRequestOptions(headers.flat());
        expect(Object.keys(metadata ?? {}).length).toBeLessThanOrEqual(5);
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
        expect(error).toMatchObject({ errorName: 'badHeader' });
      }
    }),
    propertyRuns,
  );
});

test('a step with metadata of its own has its note alone, one without has those around it', () => {
  const outer = parseRequestOptions(['cf-aig-metadata', '{"a":{}}']);
  expect(outer).toMatchObject({ metadata: null, metadataNote: expect.stringContaining('metadata') });
  const own = parseRequestOptions(['cf-aig-metadata', '{"b":1}']);
  expect(overlaidOptions(own, outer)).toMatchObject({ metadata: { b: 1 }, metadataNote: null });
  const other = parseRequestOptions(['cf-aig-skip-cache', 'true']);
  expect(overlaidOptions(other, outer)).toMatchObject({ skipCache: true, metadataNote: outer.metadataNote });
});
