/** Rollups against the ledger: whatever is shipped, replayed, adjusted or deleted, and whenever it is rolled up. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { createLogger } from '../../../platform/logger.js';
import type { UsageRecord } from '../../../schema/contracts/usage-record.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { TEST_SEED, TEST_SIZE } from '../../support/test-size.js';
import { openTraffic, type Traffic } from '../../support/traffic.js';

const DAY_MS = 86_400_000;
/** So that a roll-up is several batches. */
const BATCH_DELTAS = 40;

let api: TestApi;
let rollup: UsageRollup;

beforeAll(async () => {
  api = await startTestApi();
  rollup = new UsageRollup(api.owner, createLogger('rollup-test', 'fatal'), BATCH_DELTAS);
});
afterAll(() => api.stop());

const MINUTE_MS = 60_000;
/** How long ago a record was made: each level's own time, ends of minutes and days, and what a wrong clock says. */
const age = fc.oneof(
  fc.nat({ max: 3 * MINUTE_MS }),
  fc.nat({ max: 2 * DAY_MS }),
  fc.integer({ min: 4 * DAY_MS, max: 50 * DAY_MS }),
  fc.integer({ min: 70 * DAY_MS, max: 390 * DAY_MS }),
  fc.constantFrom(-5 * DAY_MS, -DAY_MS),
);
const count = fc.oneof(fc.nat({ max: 5_000 }), fc.constantFrom(0, 10 ** 15));
const attempt = fc.record({
  provider: fc.constantFrom('openai', 'anthropic'),
  model: fc.constantFrom('gpt-test', 'gpt-other', null),
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  costPico: fc.option(fc.bigInt(0n, 2n ** 61n)),
});
const record = fc.record({
  ageMs: age,
  gateway: fc.nat({ max: 1 }),
  token: fc.option(fc.nat({ max: 2 })),
  path: fc.constantFrom('chat/completions', 'embeddings?api=1', 'embeddings'),
  outcome: fc.constantFrom('served', 'served', 'failed', 'cut', 'cached', 'refused'),
  durationMs: fc.nat({ max: 100_000 }),
  metadata: fc.option(fc.record({ team: fc.constantFrom('red', 'blue', ''), seat: fc.constantFrom(7, true) }, { requiredKeys: [] })),
  attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }),
}); // prettier-ignore
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ship' as const), records: fc.array(record, { minLength: 1, maxLength: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('roll up' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('replay' as const, 'delete' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('adjust' as const), price: fc.nat({ max: 1_000 }) }) },
); // prettier-ignore
const range = fc.tuple(fc.integer({ min: -6 * DAY_MS, max: 391 * DAY_MS }), fc.nat({ max: 60 * DAY_MS }));

test(
  'the ledger, each level of the rollups, and analytics of any range and dimension say the same to the pico-dollar',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), range, async (steps, [ageMs, lengthMs]) => {
        const traffic = await openTraffic(api);
        for (const one of steps) {
          if (one.kind === 'ship') await traffic.ship(one.records);
          else if (one.kind === 'replay') await traffic.replay();
          else if (one.kind === 'adjust') await traffic.adjust(one.price);
          else if (one.kind === 'delete') await traffic.deleteLogs();
          else await rollup.run();
        }
        const whole = { fromMs: traffic.nowMs - 399 * DAY_MS, toMs: traffic.nowMs + 8 * DAY_MS };
        const fromMs = traffic.nowMs - ageMs;
        const part = { fromMs, toMs: fromMs + 1 + lengthMs };
        await expectLedger(traffic, whole, part);
        await rollup.run();
        await expectLedger(traffic, whole, part);
        expect(await traffic.levels()).toEqual(await traffic.ledgerByLevel());
      }),
      { numRuns: TEST_SIZE === 'full' ? 200 : 4, seed: TEST_SEED, endOnFailure: true },
    );
  },
  TEST_SIZE === 'full' ? 900_000 : 60_000,
);

/** Analytics of these ranges, in all and by each dimension, are what the ledger's rows add up to. */
async function expectLedger(traffic: Traffic, ...ranges: readonly { fromMs: number; toMs: number }[]): Promise<void> {
  for (const span of ranges) {
    expect(await traffic.analytics(span)).toEqual(await traffic.ledger(span));
  }
}

const plain = (metadata: UsageRecord['metadata'], ageMs = 0) => ({
  ageMs,
  gateway: 0,
  token: null,
  path: 'chat/completions',
  outcome: 'served' as const,
  durationMs: 10,
  metadata,
  attempts: [
    { provider: 'openai', model: 'gpt-test', inputTokens: 1, cachedInputTokens: 0, outputTokens: 0, costPico: 1n },
  ],
});

test('a metadata key has 200 values of its own a day; what else comes is one, before and after it is rolled up', async () => {
  const traffic = await openTraffic(api);
  const users = Array.from({ length: 205 }, (_, number) => plain({ user: `u${String(number).padStart(3, '0')}` }));
  await traffic.ship(users.slice(0, 200));
  expect(await rollup.run()).toMatchObject({ otherValues: 0, otherKeys: 0 });
  await traffic.ship(users.slice(200));
  expect(await rollup.run()).toMatchObject({ otherValues: 5, otherKeys: 0 });
  await traffic.ship([plain({ user: 'u000' }), plain({ user: 'late' }), plain(null)]);
  const groups = async (): Promise<unknown> => {
    const answer = await traffic.ask({ groupBy: ['METADATA'], metadataKey: 'user', top: 4 });
    return answer.groups.map(({ key, totals }) => [key[0], totals.requests]);
  };
  const expected = [['(other)', '6'], ['u000', '2'], [null, '1'], ['u001', '1']]; // prettier-ignore
  expect(await groups()).toEqual(expected);
  await rollup.run();
  expect(await groups()).toEqual(expected);
  const filtered = await traffic.ask({ metadata: [{ key: 'user', value: 'u000' }] });
  expect(filtered.totals.requests).toBe('2');
});

test('a gateway has 50 metadata keys a day; by the others nothing is told apart, and no sum lacks them', async () => {
  const traffic = await openTraffic(api);
  const keys = Array.from({ length: 53 }, (_, number) => `k${String(number).padStart(2, '0')}`);
  await traffic.ship(keys.slice(0, 50).map((key) => plain({ [key]: 'x' })));
  expect(await rollup.run()).toMatchObject({ otherKeys: 0 });
  await traffic.ship(keys.slice(50).map((key) => plain({ [key]: 'x' })));
  expect(await rollup.run()).toMatchObject({ otherKeys: 3 });
  const by = async (metadataKey: string): Promise<unknown> =>
    (await traffic.ask({ groupBy: ['METADATA'], metadataKey })).groups.map(({ key, totals }) => [
      key[0],
      totals.requests,
    ]);
  expect(await by('k00')).toEqual([[null, '52'], ['x', '1']]); // prettier-ignore
  expect(await by('k52')).toEqual([[null, '53']]);
});

test('an attempt is booked under its own provider and model, and so is what its price changes', async () => {
  const traffic = await openTraffic(api);
  await traffic.ship([
    {
      ...plain(null),
      attempts: [
        { provider: 'anthropic', model: 'gpt-other', inputTokens: 3, cachedInputTokens: 0, outputTokens: 0, costPico: 7n },
        { provider: 'openai', model: 'gpt-test', inputTokens: 5, cachedInputTokens: 0, outputTokens: 0, costPico: 11n },
      ],
    },
  ]); // prettier-ignore
  const costs = async (): Promise<unknown> =>
    (await traffic.ask({ groupBy: ['PROVIDER', 'MODEL'] })).groups.map(({ key, totals }) => [
      ...key,
      totals.requests,
      totals.tokensIn,
      totals.costUsd,
    ]);
  expect(await costs()).toEqual([
    ['openai', 'gpt-test', '1', '5', '0.000000000011'],
    ['anthropic', 'gpt-other', '0', '3', '0.000000000007'],
  ]);
  for (const price of [1_000, 2]) {
    await traffic.adjust(price);
    await rollup.run();
    expect(await costs()).toEqual([
      ['openai', 'gpt-test', '1', '5', `0.${String(5 * price).padStart(12, '0')}`.replace(/0+$/, '')],
      ['anthropic', 'gpt-other', '0', '3', `0.${String(3 * price).padStart(12, '0')}`.replace(/0+$/, '')],
    ]);
  }
});

test('shippers that ship at once, while all is rolled up, wait for nobody and lose nothing', async () => {
  const traffic = await openTraffic(api);
  const ship = async (): Promise<void> => {
    for (let run = 0; run < 5; run++) await traffic.ship(Array.from({ length: 20 }, () => plain({ team: 'red' })));
  };
  let shipping = true;
  const rolling = (async () => {
    while (shipping) await rollup.run();
  })();
  await Promise.all([ship(), ship(), ship()]);
  shipping = false;
  await rolling;
  await rollup.run();
  const { totals } = await traffic.ask({ groupBy: ['METADATA'], metadataKey: 'team' });
  expect(totals).toMatchObject({ requests: '300', costUsd: '0.0000000003' });
  expect(await traffic.levels()).toEqual(await traffic.ledgerByLevel());
});

test('two roll up at once, and one of them leaves it to the other', async () => {
  const traffic = await openTraffic(api);
  await traffic.ship(Array.from({ length: 40 }, (_, number) => plain({ user: `u${number}` })));
  const other = new UsageRollup(api.owner, createLogger('rollup-test', 'fatal'), BATCH_DELTAS);
  const reports = await Promise.all([rollup.run(), other.run()]);
  expect(reports.reduce((sum, { deltas }) => sum + deltas, 0)).toBeLessThanOrEqual(40);
  await rollup.run();
  expect(await traffic.levels()).toEqual(await traffic.ledgerByLevel());
});

test('a batch that takes too long is tried again in halves, and all of it moves', async () => {
  const traffic = await openTraffic(api);
  await traffic.ship(Array.from({ length: BATCH_DELTAS }, (_, number) => plain({ user: `u${number}` })));
  await api.owner.query(`
    CREATE FUNCTION refuse_many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF (SELECT count(*) FROM gone) > ${BATCH_DELTAS / 4} THEN RAISE 'too slow' USING ERRCODE = 'query_canceled'; END IF;
      RETURN NULL; END $$;
    CREATE TRIGGER refuse_many AFTER DELETE ON usage_delta REFERENCING OLD TABLE AS gone
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_many()`);
  try {
    await rollup.run();
  } finally {
    await api.owner.query('DROP TRIGGER refuse_many ON usage_delta; DROP FUNCTION refuse_many()');
  }
  expect(await traffic.levels()).toEqual(await traffic.ledgerByLevel());
});

test('usage is rolled up also when the partitions cannot be kept up', async () => {
  const traffic = await openTraffic(api);
  await traffic.ship([plain(null)]);
  await api.owner.query('ALTER FUNCTION usage_rollup_upkeep RENAME TO usage_rollup_upkeep_away');
  try {
    const fresh = new UsageRollup(api.owner, createLogger('rollup-test', 'fatal'), BATCH_DELTAS);
    expect((await fresh.run()).deltas).toBeGreaterThan(0);
  } finally {
    await api.owner.query('ALTER FUNCTION usage_rollup_upkeep_away RENAME TO usage_rollup_upkeep');
  }
  expect(await traffic.levels()).toEqual(await traffic.ledgerByLevel());
});
