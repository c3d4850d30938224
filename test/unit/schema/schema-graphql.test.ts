import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { printApiSchema } from '../../../api/graphql/schema.js';

test('schema.graphql is what the code gives: `npm run schema` writes it', () => {
  const committed = readFileSync(new URL('../../../../schema/schema.graphql', import.meta.url), 'utf8');
  expect(printApiSchema()).toBe(committed);
});
