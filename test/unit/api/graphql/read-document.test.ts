import { buildSchema, getIntrospectionQuery } from 'graphql';
import { expect, test } from '@jest/globals';
import { readDocument } from '../../../../api/graphql/read-document.js';
import { VARIABLE_LIMITS } from '../../../../api/graphql/variable-limits.js';

const schema = buildSchema('type Query { a: Query list(first: Int): Query text: String }');
const cost = (query: string, variables = {}): number => readDocument(schema, { query, variables }).cost;

const LIST = 'query ($n: Int = 7) { list(first: $n) { a { text } } }';
const IN_FRAGMENT =
  'query ($n: Int = 70) { ...f } query Other ($n: Int) { ...f } fragment f on Query { list(first: $n) { a { text } } }';

test.each<[string, number, object]>([
  ['{ text }', 1, {}],
  ['{ a { a { text } } }', 2, {}],
  ['{ list(first: 5) { a { text } } }', 6, {}],
  ['{ list { a { text } } }', 21, {}],
  [LIST, 8, {}],
  [LIST, 4, { n: 3 }],
  [IN_FRAGMENT, 71, {}],
  [getIntrospectionQuery(), 200, {}],
])('%s costs %i points with %j', (query, expected, variables) => {
  expect(cost(query, variables)).toBe(expected);
});

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
  'T-GQL-8 a field named %s costs what any field costs that there is not',
  (name) => {
    expect(cost(`{ ${name} }`)).toBe(cost('{ nope }'));
    expect(cost(`{ list(first: 5) { ${name} { text } } }`)).toBe(cost('{ list(first: 5) { nope { text } } }'));
    expect(cost(`query ($${name}: Int = 70) { list(first: $${name}) { a { text } } }`)).toBe(71);
  },
);

test('two thousand tokens pass, comments among them, and one more does not', () => {
  const document = (count: number): string => `{ text ${'# x\n'.repeat(count - 3)}}`;
  expect(cost(document(2_000))).toBe(1);
  expect(() => cost(document(2_001))).toThrow('over 2000 tokens, comments included');
});

test('199 fields of one name may be compared, 201 may not', () => {
  expect(cost(`{ a { ${'text '.repeat(199)} } }`)).toBe(1);
  expect(() => cost(`{ a { ${'text '.repeat(201)} } }`)).toThrow('selects the same fields too often');
});

test('fields are compared wherever fragments bring them together', () => {
  const fragments = Array.from(
    { length: 25 },
    (_, index) => `fragment f${index} on Query { a { ${'text '.repeat(10)} } }`,
  );
  const spreads = fragments.map((_text, index) => `...f${index}`).join(' ');
  expect(() => cost(`{ a { ${spreads} } } ${fragments.join(' ')}`)).toThrow('selects the same fields too often');
});

test('fragments that spread each other in a circle unfold too far', () => {
  const circle = '{ ...f } fragment f on Query { a { ...g } } fragment g on Query { a { ...f } }';
  expect(() => cost(circle)).toThrow('unfolds too far');
});

test('variables are bounded in depth and in number, not in what they mean', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const { depthMax, valuesMax } = VARIABLE_LIMITS;
  expect(cost('{ text }', { x: nested(depthMax) })).toBe(1);
  expect(() => cost('{ text }', { x: nested(depthMax + 1) })).toThrow('variables.x is nested deeper than 32 levels');
  expect(cost('{ text }', { x: Array(valuesMax - 1).fill(1) })).toBe(1);
  expect(() => cost('{ text }', { x: Array(valuesMax).fill(1) })).toThrow('more than 4000 values');
});
