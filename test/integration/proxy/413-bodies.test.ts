import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerEvents, answerJson, chatCompletion, chatEvents } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';

let rig: Rig;
const BODY_BYTES_MAX = 3 * 1024 * 1024;

beforeAll(async () => {
  rig = await startRig({ BODY_BYTES_MAX: String(BODY_BYTES_MAX), LOG_BODY_BYTES_MAX: '1000' });
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

test('a body announced as larger than the bound is 413/9004 before it is read', async () => {
  const tenant = await rig.tenant();
  const response = await post(`${tenant.base}/openai/chat/completions`, 'x'.repeat(BODY_BYTES_MAX + 1));
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ internalCode: 9004 });
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('a body larger than what is held in memory streams upstream byte for byte', async () => {
  const tenant = await rig.tenant();
  const body = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"${'é'.repeat(1024 * 1024)}"}]}`;
  const response = await post(`${tenant.base}/openai/chat/completions`, body);
  expect(response.status).toBe(200);
  expect(rig.upstream.seen.at(-1)?.body.equals(Buffer.from(body))).toBe(true);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ usage_source: 'PROVIDER', cache_key_hash: null, model: 'gpt-4o-mini-2024-07-18' });
});

test.each([
  ['tells no usage has no cost', false, { cost_status: 'UNPRICED', other_units: { unreadCalls: 1 } }],
  ['tells its usage is billed by that', true, { usage_source: 'PROVIDER', input_tokens: '1000', other_units: null }],
])('a large body whose stream %s', async (_, withUsage, expected) => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerEvents(chatEvents(['Hello'], withUsage));
  const content = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(1024 * 1024)}` } }];
  const body = { ...CHAT, stream: true, messages: [{ role: 'user', content }] };
  await (await post(`${tenant.base}/openai/chat/completions`, body)).arrayBuffer();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject(expected);
});

test('a body of unknown length that grows past the bound is cut off and recorded as a failure', async () => {
  const tenant = await rig.tenant();
  const chunk = new Uint8Array(512 * 1024);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.length;
      if (sent > BODY_BYTES_MAX * 2) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const response = await fetch(`${tenant.base}/openai/files`, {
    method: 'POST',
    body,
    duplex: 'half',
  }).catch(
    () => null, // the connection may be closed while the client is still sending
  );
  if (response !== null) expect(response.status).toBe(413);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 413, error_code: 9004 });
});

test('what a log keeps of a body ends at the configured bound, and says so', async () => {
  const tenant = await rig.tenant();
  const content = 'long '.repeat(1000);
  await (
    await post(`${tenant.base}/openai/chat/completions`, { ...CHAT, messages: [{ role: 'user', content }] })
  ).arrayBuffer();
  await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  const witness = await rig.tenant();
  await (await post(`${witness.base}/openai/chat/completions`, CHAT)).arrayBuffer();
  await usageRecords(rig.proxy.owner, witness.accountId, 1);
  const stored = await rig.proxy.owner.query(
    'SELECT truncated, length(request_body) AS bytes FROM log_body WHERE account_id = $1',
    [tenant.accountId],
  );
  expect(stored.rows).toEqual([{ truncated: true, bytes: 1000 }]);
});

test('a body that is not JSON goes upstream as it is, and the provider says what it thinks of it', async () => {
  const tenant = await rig.tenant();
  const response = await post(`${tenant.base}/openai/chat/completions`, '{"model": oops');
  expect(response.status).toBe(200);
  expect(rig.upstream.seen.at(-1)?.body.toString()).toBe('{"model": oops');
});
