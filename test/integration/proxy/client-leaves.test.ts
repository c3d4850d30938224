import { request, type ClientRequest } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GIVEN_UP_NOTE } from '../../../proxy/usage/given-up-call.js';
import { chatEvents } from '../../support/fake-upstream.js';
import { CHAT, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

function start(url: string, headers: Record<string, string> = {}): ClientRequest {
  const client = request(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers } });
  client.on('error', () => undefined); // it is the test that breaks the connection
  return client;
}

test('a client that leaves in mid-stream has the upstream cancelled and its record written', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['some words'], false)[0]);
  };
  const client = start(`${tenant.base}/openai/chat/completions`);
  client.end(JSON.stringify({ ...CHAT, stream: true }));
  const [response] = await once(client, 'response');
  await once(response, 'data');
  const leftAt = performance.now();
  client.destroy();

  await rig.upstream.seen.at(-1)?.cut;
  process.stderr.write(`upstream cancelled ${(performance.now() - leftAt).toFixed(1)} ms after the client left\n`);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({
    client_aborted: true,
    interrupted: false,
    status_code: 200,
    usage_source: 'ESTIMATED',
    cost_status: expect.stringMatching(/ESTIMATED|UNPRICED/),
  });
  expect(Number(row?.['output_tokens'])).toBeGreaterThan(0);
});

test('a client that leaves before the answer has the upstream cancelled and a record with status 499', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = () => undefined; // never answers
  const client = start(`${tenant.base}/openai/chat/completions`);
  const seenBefore = rig.upstream.seen.length;
  client.end(JSON.stringify(CHAT));
  const seen = await waitFor(() => rig.upstream.seen[seenBefore], 'the upstream sees the call');
  client.destroy();

  await seen.cut;
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({
    client_aborted: true,
    status_code: 499,
    usage_source: 'ESTIMATED', // the provider has it, and may bill it
    usage_note: GIVEN_UP_NOTE,
    output_tokens: '0',
    cost_status: expect.stringMatching(/ESTIMATED|UNPRICED/),
  });
  expect(Number(row?.['input_tokens'])).toBeGreaterThan(0);
});

test('a client that leaves in the middle of its own body reaches no upstream and makes no row', async () => {
  const tenant = await rig.tenant();
  const seenBefore = rig.upstream.seen.length;
  const client = start(`${tenant.base}/openai/chat/completions`, { 'content-length': '1000' });
  client.write('{"model":');
  await once(client, 'socket');
  client.destroy();
  await new Promise((resolve) => client.on('close', resolve));

  const witness = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.writeHead(200, { 'content-length': 0 }).end();
  const after = start(`${witness.base}/openai/chat/completions`);
  after.end('{}');
  await once(after, 'response');
  await usageRecords(rig.proxy.owner, witness.accountId, 1);
  expect(rig.upstream.seen.length).toBe(seenBefore + 1);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});
