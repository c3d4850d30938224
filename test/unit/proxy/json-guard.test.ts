/** What the guard says of JSON bodies, against JSON.parse with a reviver that sees every key: the plain way to know. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../proxy/gateway-error.js';
import { guardJson } from '../../../proxy/json-guard.js';
import { propertyRuns } from '../../support/test-size.js';

const check = (text: string): void => guardJson(Buffer.from(text));
const wrapped = (open: string, close: string, depth: number): string => open.repeat(depth) + '1' + close.repeat(depth);

test.each([
  ['arrays', '[', ']', 1],
  ['objects', '{"a":', '}', 1],
  ['arrays in objects', '{"a":[', ']}', 2],
])('T-JSON-2 %s are taken down to 128 levels, and refused at any depth beyond', (_what, open, close, levels) => {
  expect(() => check(wrapped(open, close, 128 / levels))).not.toThrow();
  for (const depth of [129, 1e3, 1e4, 1e5, 1e6]) {
    expect(() => check(wrapped(open, close, Math.ceil(depth / levels)))).toThrow('deeper than 128');
  }
});

test('T-JSON-2 brackets inside strings are no levels', () => {
  expect(() => check(JSON.stringify({ a: '[{'.repeat(1_000), 'b\\"': '\\"[['.repeat(1_000) }))).not.toThrow();
});

const KEYS = ['model', 'stream', 'max_tokens', 'max_completion_tokens', 'stream_options', 'service_tier', 'n'];
const escaped = (key: string): string =>
  key
    .split('')
    .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

test.each(KEYS)('T-JSON-3 two of %s are refused by name, wherever they stand and however they are written', (key) => {
  const spellings = [key, key.replace(/[a-z]/, (c) => escaped(c)), escaped(key), key.toUpperCase()];
  for (const second of spellings) {
    for (const body of [
      `{"${key}":1,"${second}":2}`,
      `{"a":{"b":[1,2]},"${key}":1,"c":"}","${second}":2,"d":3}`,
      ` {\n"${second}" : "x" ,\t"messages":[{"${key}":1}],"${key}":null}`,
    ])
      expect({ body, problem: problemOf(body) }).toEqual({ body, problem: `the JSON body has more than one ${key}` });
  }
});

function problemOf(body: string): string | null {
  try {
    check(body);
    return null;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.description;
  }
}

test('T-JSON-3 letters that only some programs fold are folded too', () => {
  expect(problemOf('{"stream":true,"\u017ftream":false}')).toContain('stream');
  expect(problemOf('{"max_tokens":1,"max_to\u212aens":2}')).toContain('max_tokens');
});

test.each([
  '{"a":{"model":1},"b":{"model":2},"model":3}',
  '[{"model":1,"stream":2},{"model":3}]',
  '{"x":1,"x":2,"model":"\\"model\\":1"}',
  '{"models":1,"model":2,"mode":3}',
  '{}',
  '""',
  '1',
])('T-JSON-3 %s has no policy key twice', (body) => {
  expect(problemOf(body)).toBeNull();
});

const name = fc.constantFrom('model', 'stream', 'MODEL', 'm', 'n', 'N', 'tools', 'other', 'max_tokens', '');
const text = fc.oneof(fc.string(), fc.constantFrom('\\', '"', '\\"', '"}', ',', '{"model":', 'x'.repeat(70)));
const member = fc.tuple(
  name,
  fc.oneof(text, fc.integer(), fc.constant(null), fc.array(fc.dictionary(name, text), { maxLength: 3 })),
);

test('T-JSON-3 exactly those bodies are refused that have a policy key twice at the top', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 6 }), fc.constantFrom('', ' ', '\n\t'), (members, space) => {
      const body = `{${members.map(([key, value]) => `${space}${JSON.stringify(key)}${space}:${JSON.stringify(value)}`).join(`${space},`)}}`;
      const policy = members.map(([key]) => key.toLowerCase()).filter((key) => !['m', 'other', ''].includes(key));
      expect(problemOf(body) !== null).toBe(new Set(policy).size < policy.length);
    }),
    propertyRuns,
  );
});
