import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import { isProbed } from '../../../../../api/modules/log/log-filter-sql.js';
import { logFilterSchema } from '../../../../../api/modules/log/log.inputs.js';

const probed = (filter: object): boolean => isProbed(logFilterSchema.parse({ to: new Date(), ...filter }));

test('the newest records are read without an index, but not where every day has one for all that is asked', () => {
  const indexed = [
    {},
    { statusCodes: [500, 504] },
    { models: ['a'] },
    { errorCodes: [2005] },
    { apiTokenIds: ['01a22458-735e-77e0-ba89-c6ceba3607a1'] },
    { eventId: 'e' },
  ];
  expect(indexed.map(probed)).toEqual(indexed.map(() => false));
  const others = [
    { statusCodes: [200] },
    { statusCodes: [200, 500] },
    { models: ['a'], statusCodes: [500] },
    { metadata: [{ key: 'team', value: 'red' }] },
    { minCostUsd: '0.1' },
    { search: 'a' },
    { success: false },
  ];
  expect(others.map(probed)).toEqual(others.map(() => true));
});
