import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { inBatches } from '../../support/in-batches.js';
import { NAUGHTY_STRINGS } from '../../support/naughty-strings.js';
import { post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

/** What a record keeps of a model's name, and of a metadata key, in UTF-16 units. */
const TEXT_MAX = 256;

/** As Postgres can hold it: neither half a surrogate pair nor NUL. */
const storable = (text: string): string => Buffer.from(text).toString().replaceAll('\u0000', '\ufffd');

/** JSON as the bytes of its UTF-8, which is what a header carries; DEL is the one control that JSON leaves as it is. */
const headerOf = (value: unknown): string =>
  Buffer.from(JSON.stringify(value).replaceAll('\u007f', '\\u007f')).toString('latin1');

test('T-UNI-1 naughty strings come back from the records as they were sent, as model, as metadata and as their keys', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion({ model: undefined }));
  const items = NAUGHTY_STRINGS.map((text, i) => ({ text, i }));
  await inBatches(items, 16, async ({ text, i }) => {
    const headers = { 'cf-aig-event-id': `naughty-${i}`, 'cf-aig-metadata': headerOf({ text, [`k${text}`]: i }) };
    const answer = await post(`${tenant.base}/openai/chat/completions`, { model: text, messages: [] }, headers);
    expect({ i, status: answer.status }).toEqual({ i, status: 200 });
    await answer.arrayBuffer();
  });
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, items.length);
  const stored = new Map(rows.map((row) => [row['event_id'], { model: row['model'], metadata: row['metadata'] }]));
  for (const { text, i } of items) {
    expect({ i, ...stored.get(`naughty-${i}`) }).toEqual({
      i,
      model: text === '' ? null : storable(text.slice(0, TEXT_MAX)),
      metadata: { text: storable(text), [storable(`k${text}`.slice(0, TEXT_MAX))]: i },
    });
  }
});
