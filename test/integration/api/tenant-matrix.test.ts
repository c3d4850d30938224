import { afterAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';
import { CELLS_MIN, MATRIX_TIMEOUT_MS, runMatrix, uncoveredFields } from '../../support/tenant-matrix/run.js';
import { TEST_SEED } from '../../support/test-size.js';

const started: TestApi[] = [];

afterAll(() => Promise.all(started.map((api) => api.stop())));

test('without either wall the tenants see each other: the hook takes the filter away, and the database does the rest', async () => {
  const api = await startTestApi({ isolation: 'row-level-security' });
  started.push(api);
  const [own, foreign] = [await createTenant(api.owner), await createTenant(api.owner)];
  await foreign.gateway('theirs');
  const { token } = await createUser(api.owner, { accountId: own.accountId });
  const names = async (): Promise<unknown> =>
    (
      await graphqlCaller(api.url, token)(`{ account(tag: "${own.tag}") { gateways { edges { node { name } } } } }`)
    ).expectData();
  expect(await names()).toEqual({ account: { gateways: { edges: [] } } });
  await api.owner.query('ALTER TABLE gateway DISABLE ROW LEVEL SECURITY');
  expect(await names()).toEqual({ account: { gateways: { edges: [{ node: { name: 'theirs' } }] } } });
});

test('every field that opens data has a row in the tenant matrix', () => {
  expect(uncoveredFields()).toEqual([]);
});

test(
  'T-ISO-1 T-GQL-7 nobody reads or changes what is not his, by any field, as any caller',
  async () => {
    const { cells, faults } = await runMatrix('both');
    process.stderr.write(`tenant matrix (both): ${cells} cells (TEST_SEED=${TEST_SEED})\n`);
    expect(faults).toEqual([]);
    expect(cells).toBeGreaterThan(CELLS_MIN);
  },
  MATRIX_TIMEOUT_MS,
);
