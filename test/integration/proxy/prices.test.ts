import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PriceSource } from '../../../proxy/pricing/price-source.js';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords, type UsageRow } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  const usage = { prompt_tokens: 1234, completion_tokens: 567, prompt_tokens_details: { cached_tokens: 1000 } };
  rig.upstream.answer = answerJson(200, chatCompletion({ usage }));
});
afterAll(() => rig.stop());

/** A list under a new version, and its prices. */
async function storePrices(version: number, rates: Readonly<Record<string, string>>): Promise<void> {
  const { owner } = rig.proxy;
  await owner.query(`INSERT INTO price_list (version, source, digest) VALUES ($1, 'test', $2)`, [
    version,
    `d${version}`,
  ]);
  await owner.query(
    `INSERT INTO model_price (version, provider, model, match, rules, position)
     VALUES ($1, 'openai', 'gpt-4o-mini', '{"starts_with":"gpt-4o-mini"}', $2, 0)`,
    [version, JSON.stringify([{ condition: null, rates }])],
  );
}

/** What an import does: the list, and its announcement. */
async function importPrices(version: number, rates: Readonly<Record<string, string>>): Promise<void> {
  await storePrices(version, rates);
  await rig.proxy.owner.query('INSERT INTO policy_outbox (account_id, change) VALUES (NULL, $1)', [
    JSON.stringify({ kind: 'prices', revision: version }),
  ]);
}

/** The record of a call priced by `version`; calls until the proxy has taken the list. */
async function pricedRecord(version: number): Promise<UsageRow> {
  return waitFor(async () => {
    const tenant = await rig.tenant();
    await (await post(`${tenant.base}/openai/chat/completions`, CHAT)).arrayBuffer();
    const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
    return row?.['price_version'] === version ? row : null;
  }, `the proxy prices by version ${version}`);
}

test('a cost is exactly units times prices, to the last pico-dollar, and changes with the list', async () => {
  await importPrices(1, { inputTokens: '150001', cachedInputTokens: '75003', outputTokens: '600007' });
  expect(await pricedRecord(1)).toMatchObject({
    input_tokens: '234',
    cached_input_tokens: '1000',
    output_tokens: '567',
    cost_pico: String(234n * 150_001n + 1000n * 75_003n + 567n * 600_007n),
    cost_status: 'PRICED',
    price_rule: expect.stringContaining('gpt-4o-mini'),
  });
  await importPrices(2, { inputTokens: '7000000000000001', outputTokens: '1' }); // beyond 2^53, and no cached rate
  expect(await pricedRecord(2)).toMatchObject({
    cost_pico: String(1234n * 7_000_000_000_000_001n + 567n),
    cost_status: 'PRICED',
  });
});

test('a cost that no ledger could hold is no cost, and its record is kept', async () => {
  const tenant = await rig.tenant();
  const headers = { 'cf-aig-custom-cost': '{"per_token_in":100000,"per_token_out":100000}' };
  await (await post(`${tenant.base}/openai/chat/completions`, CHAT, headers)).arrayBuffer();
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ cost_status: 'UNPRICED', cost_pico: null, output_tokens: '567' });
});

test('a list that was read from the disk gives way to that of the database, though its number be higher', async () => {
  await importPrices(900, { inputTokens: '1', outputTokens: '1' });
  const source = new PriceSource(rig.proxy.owner);
  source.restore(1_000, []);
  expect(source.current.version).toBe(1_000);
  await source.load();
  expect(source.current.version).toBe(900);
});

test('a list that was announced while a proxy was cut off for longer than announcements are kept is taken', async () => {
  await importPrices(901, { inputTokens: '1', outputTokens: '1' });
  await pricedRecord(901); // no load of it is under way any more, which would find the next one
  await storePrices(902, { inputTokens: '1', outputTokens: '1' });
  const now = Date.now.bind(Date);
  Date.now = () => now() + 3_600_000;
  try {
    expect(await pricedRecord(902)).toMatchObject({ cost_status: 'PRICED' });
  } finally {
    Date.now = now;
  }
});

test('a list of a database that was restored gives way to what stands there now, though its number be higher', async () => {
  const { owner } = rig.proxy;
  const source = new PriceSource(owner);
  await storePrices(950, { inputTokens: '1', outputTokens: '1' });
  await source.load();
  for (const table of ['model_price', 'price_list']) await owner.query(`DELETE FROM ${table} WHERE version = 950`);
  await source.load();
  expect(source.current.version).toBe(950);
  source.giveWay();
  await source.load();
  expect(source.current.version).toBe(902);
});
