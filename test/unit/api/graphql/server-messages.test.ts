import { buildSchema, graphqlSync } from 'graphql';
import { expect, test } from '@jest/globals';
import { coercedField, withoutValues } from '../../../../api/graphql/server-messages.js';

const SCHEMA = buildSchema(
  'input I { id: ID! secret: String! n: Int! e: E } enum E { A } type Query { a(input: I!, id: ID): Int }',
);
const ASK = 'query ($input: I!) { a(input: $input) }';
const messagesOf = (source: string, input?: unknown): string[] =>
  (graphqlSync({ schema: SCHEMA, source, variableValues: { input } }).errors ?? []).map((error) => error.message);

test.each<[string, unknown]>([
  [ASK, { secret: 'canary' }],
  [ASK, { id: 1, n: 1, secret: ['canary'] }],
  [ASK, { id: 1, n: 'canary', secret: 'x' }],
  [ASK, { id: 1, n: 1, secret: 'x', e: 'canary' }],
  [ASK, { id: 1, n: 1, secret: 'canary; Field "id" of required type "ID!" was not provided. canary', x: 1 }],
  [ASK, { id: 1, n: 1, secret: 'canary', secre: 'canary' }],
  [ASK, 'canary'],
  [ASK, [{ secret: 'canary' }]],
  ['{ a(input: { secret: canary, id: 1, n: 1 }) }', null],
  ['{ a(input: { secret: "x", id: { x: "canary" }, n: 1 }) }', null],
  ['{ a(input: "canary") }', null],
  ['{ a(input: { secret: "x", id: 1, n: 1, e: canary }) }', null],
  ['{ a(input: { secret: "x", id: 1, n: 1, e: "canary" }) }', null],
  ['{ a(input "canary") }', null],
])('%#: an error about what was sent quotes nothing of it', (source, input) => {
  const messages = messagesOf(source, input);
  expect(messages.length).toBeGreaterThan(0);
  for (const message of messages) expect(withoutValues(message)).not.toContain('canary');
});

test('what is left says what was wrong, and where', () => {
  const said = (input: unknown): string => withoutValues(messagesOf(ASK, input)[0] ?? '');
  expect(said({ secret: 'x', n: 1 })).toBe(
    'Variable "$input" got an invalid value; Field "id" of required type "ID!" was not provided.',
  );
  expect(said({ id: 1, n: 1, secret: 'x', secre: 'y' })).toBe(
    'Variable "$input" got an invalid value; Field "secre" is not defined by type "I". Did you mean "secret"?',
  );
  expect(said({ id: 1, n: 1, secret: 5 })).toBe(
    'Variable "$input" got an invalid value at "input.secret"; It is not of the type that the schema declares.',
  );
  expect(said({ id: 1, n: 1, secret: 'x', e: 'B' })).toBe(
    'Variable "$input" got an invalid value at "input.e"; The value does not exist in "E" enum.',
  );
  expect(withoutValues(messagesOf('{ b }')[0] ?? '')).toBe('Cannot query field "b" on type "Query". Did you mean "a"?');
  expect(coercedField(messagesOf(ASK, { id: 1, n: 1, secret: 5 })[0] ?? '')).toEqual({ field: 'input.secret' });
});
