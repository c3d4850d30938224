import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

test.each([
  ['cf-aig-collect-log', 'maybe'],
  ['cf-aig-collect-log-payload', '1'],
  ['cf-aig-request-timeout', 'soon'],
  ['cf-aig-custom-cost', '{"total_cost":-1}'],
  ['cf-aig-custom-cost', 'free'],
  ['cf-aig-zdr', 'true'],
])('%s: %s is 400/9001 and names the header', async (name, value) => {
  const tenant = await rig.tenant();
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, { [name]: value });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ internalCode: 9001, description: expect.stringContaining(name) });
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('a header longer than 8 KiB is refused by name', async () => {
  const tenant = await rig.tenant();
  const metadata = JSON.stringify({ note: 'x'.repeat(8 * 1024) });
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, { 'cf-aig-metadata': metadata });
  expect(await response.json()).toMatchObject({
    internalCode: 9001,
    description: expect.stringContaining('cf-aig-metadata'),
  });
});

test.each([
  ['not json', null, 'metadata dropped: not JSON'],
  ['[1]', null, 'metadata dropped: not a JSON object'],
  ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', { a: 1, b: 2, c: 3, d: 4, e: 5 }, 'metadata dropped: f'],
  ['{"cf.user":"x","ok":true,"no":null}', { ok: true }, 'metadata dropped: cf.user, no'],
])('metadata %s keeps what is usable, and the log says what was dropped', async (header, kept, note) => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, { 'cf-aig-metadata': header });
  expect(response.status).toBe(200);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ metadata: kept, usage_note: note });
});

test.each([
  [{ 'cf-aig-collect-log': 'false' }, {}, false, 0],
  [{ 'cf-aig-collect-log': 'true' }, { collect_logs: false }, true, 1],
  [{}, { collect_logs: false }, false, 0],
  [{ 'cf-aig-collect-log-payload': 'false' }, {}, true, 0],
  [{ 'cf-aig-collect-log-payload': 'true' }, { collect_log_payload: false }, true, 1],
  [{}, {}, true, 1],
])(
  'with headers %j over settings %j the record is a log: %s, with %s bodies',
  async (headers, settings, isLog, bodies) => {
    const tenant = await rig.tenant(settings);
    rig.upstream.answer = answerJson(200, chatCompletion());
    const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, headers);
    await response.arrayBuffer();
    expect(response.headers.has('cf-aig-log-id')).toBe(isLog);
    // A second, ordinary request is written after the first: once its body is there, so is everything of the first.
    const witness = await rig.tenant();
    await (await post(`${witness.base}/openai/chat/completions`, CHAT)).arrayBuffer();
    await usageRecords(rig.proxy.owner, witness.accountId, 1);
    const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
    expect(row).toMatchObject({ is_log: isLog, input_tokens: '1000' });
    const stored = await rig.proxy.owner.query(
      'SELECT request_body, response_body FROM log_body WHERE account_id IN ($1, $2) ORDER BY account_id = $2',
      [tenant.accountId, witness.accountId],
    );
    if (bodies === 1) {
      expect(stored.rows[0]).toEqual({
        request_body: Buffer.from(JSON.stringify(CHAT)),
        response_body: Buffer.from(JSON.stringify(chatCompletion())),
      });
    } else expect(stored.rows.length).toBeLessThanOrEqual(1);
  },
);
