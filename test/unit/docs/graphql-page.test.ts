/**
 * docs/graphql.md is whole: what stands in it is sent to a real api by test/integration/api/graphql-examples.test.ts.
 */
import { readFileSync } from 'node:fs';
import { parse, TypeInfo, validate, visit, visitWithTypeInfo } from 'graphql';
import { expect, test } from '@jest/globals';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { allExamples } from '../../../scripts/docs/graphql-examples/all-examples.js';
import { operationsOf, recordedAnswers } from '../../../scripts/docs/graphql-page.js';

const schema = buildApiSchema();
const examples = await allExamples();

/** Every field of a document, as `Type.field`. */
function coordinatesOf(document: string): Set<string> {
  const types = new TypeInfo(schema);
  const found = new Set<string>();
  const Field = (): void => void found.add(`${types.getParentType()?.name}.${types.getFieldDef()?.name}`);
  visit(parse(document), visitWithTypeInfo(types, { Field }));
  return found;
}

test('every operation has an example: add one to scripts/docs/graphql-examples', () => {
  expect(operationsOf(schema).filter((coordinate) => !(coordinate in examples))).toEqual([]);
});

test('every example is of an operation that there is', () => {
  expect(Object.keys(examples).filter((coordinate) => !operationsOf(schema).includes(coordinate))).toEqual([]);
});

test.each(Object.keys(examples))('the example of %s is a valid document that asks for it', (coordinate) => {
  const document = examples[coordinate]?.document ?? '';
  expect(validate(schema, parse(document)).map(({ message }) => message)).toEqual([]);
  expect([...coordinatesOf(document)]).toContain(coordinate);
});

test('every example has a recorded answer: `npm run docs:graphql` records them', () => {
  const answers = recordedAnswers(readFileSync('docs/graphql.md', 'utf8'));
  expect(operationsOf(schema).filter((coordinate) => !answers.has(coordinate))).toEqual([]);
});
