import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { startTestApi, type TestApi } from '../../support/api.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** What the specification says that a server may do is its own affair; of the rest there were so many. */
const audits = serverAudits({ url: () => `${api.url}/graphql`, fetchFn: fetch }).filter(
  ({ name }) => !name.startsWith('MAY'),
);

test.each(audits.map((audit) => [audit.id, audit.name, audit] as const))(
  'T-GQL-1 GraphQL over HTTP %s: %s',
  async (_id, _name, audit) => {
    const result = await audit.fn();
    expect({ status: result.status, reason: 'reason' in result ? result.reason : null }).toEqual({
      status: 'ok',
      reason: null,
    });
  },
);

test('T-GQL-1 all of the audits are there', () => {
  expect(audits.length).toBeGreaterThan(35);
});
