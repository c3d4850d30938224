import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Arrival, Caller } from '../../../../proxy/exchange.js';
import type { CompiledRule } from '../../../../proxy/rate-limits/compiled-rules.js';
import { clientNetwork, KeyValues } from '../../../../proxy/rate-limits/key-values.js';
import { CounterRoom, LocalCounters } from '../../../../proxy/rate-limits/local-counters.js';
import { SHARED_VALUE } from '../../../../schema/contracts/request-counts.js';
import { propertyRuns } from '../../../support/test-size.js';

const NOBODY: Caller = { apiTokenId: null, unchecked: null };
const values = new KeyValues(Buffer.from('a key'));

function ruleBy(key: CompiledRule['key'], keyName = ''): CompiledRule {
  const counters = new LocalCounters(new CounterRoom(10), { intervalMs: 1_000, isSliding: false });
  return { name: 'rule', limit: 1, intervalSeconds: 1, isSliding: false, isQuota: false, key, keyName, counters };
}

/** As much of an arrival as a rule's key looks at. */
function arrivalWith(seen: {
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: object | null;
  readonly clientIp?: string | null;
}): Arrival {
  const { headers = {}, metadata = null, clientIp = null } = seen;
  const request = { rawHeaders: Object.entries(headers).flat() };
  return { request, head: request, options: { metadata }, clientIp } as unknown as Arrival; // the rest is not read
}

test('requests without the key share one value, and so do all of a gateway', () => {
  for (const rule of [
    ruleBy('GATEWAY'),
    ruleBy('IP'),
    ruleBy('TOKEN'),
    ruleBy('HEADER', 'x-user'),
    ruleBy('METADATA', 'u'),
  ]) {
    expect(values.of(rule, arrivalWith({}), NOBODY)).toBe(SHARED_VALUE);
  }
});

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'what every object of JavaScript has is no header and no metadata: %s',
  (name) => {
    for (const rule of [ruleBy('HEADER', name), ruleBy('METADATA', name)]) {
      expect(values.of(rule, arrivalWith({ metadata: {} }), NOBODY)).toBe(SHARED_VALUE);
    }
    expect(
      values.of(ruleBy('METADATA', name), arrivalWith({ metadata: JSON.parse(`{"${name}":"x"}`) as object }), NOBODY),
    ).not.toBe(SHARED_VALUE);
  },
);

test('a value is a hash that does not show it, the same each time, and another one for another value', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 600 }), fc.string({ maxLength: 600 }), (a, b) => {
      const of = (value: string): string =>
        values.of(ruleBy('HEADER', 'x'), arrivalWith({ headers: { x: value } }), NOBODY);
      expect(of(a)).toMatch(/^[0-9a-f]{32}$/);
      expect(of(a)).toBe(of(a));
      if (a !== b) expect(of(a)).not.toBe(of(b));
    }),
    propertyRuns,
  );
});

test('metadata counts by its text: the number 5 and the text 5 are one', () => {
  const of = (u: unknown): string => values.of(ruleBy('METADATA', 'u'), arrivalWith({ metadata: { u } }), NOBODY);
  expect(of(5)).toBe(of('5'));
  expect(of(true)).not.toBe(of(false));
});

test('T-XFF-2 an IPv6 address counts as its /64, however it is written', () => {
  for (const [address, network] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4'],
    ['::2:3:4:5:6:7:8', '0:2:3:4'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['192.0.2.1', '192.0.2.1'],
  ] as const) {
    expect({ address, network: clientNetwork(address) }).toEqual({ address, network });
  }
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const [canonical] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('%');
      expect(clientNetwork(canonical ?? '')).toBe(clientNetwork(address));
    }),
    propertyRuns,
  );
});
