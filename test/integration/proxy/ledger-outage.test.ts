import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  answerJson,
  chatCompletion,
  chatEvents,
  startFakeUpstream,
  type FakeUpstream,
} from '../../support/fake-upstream.js';
import { TEST_LEDGER_BOUNDS } from '../../support/ledger.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

/** Of the spool: five segments of the tests' size. */
const SPOOL_BYTES_MAX = 5 * TEST_LEDGER_BOUNDS.segmentBytes;
/** More than it holds. */
const CALLS_MAX = 1_000;

let upstream: FakeUpstream;
let proxy: TestProxy;
let tenant: TestTenant;
let url: string;

beforeEach(async () => {
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  const bounds = { spoolBytesMax: SPOOL_BYTES_MAX };
  proxy = await startTestProxy({ openai: `${upstream.origin}/v1` }, { LOG_LEVEL: 'error' }, { ledger: bounds });
  tenant = await createTenant(proxy.owner);
  await tenant.gateway('main');
  url = `${proxy.url}/v1/${tenant.tag}/main/openai/chat/completions`;
  await (await post(url, CHAT)).arrayBuffer(); // the policy is known from here on
  await usageRecords(proxy.owner, tenant.accountId, 1);
});
afterEach(async () => {
  await proxy.stop();
  await upstream.close();
});

/** Nobody can connect, and who was connected no longer is; the owner's own connections excepted. */
async function takePostgresAway(): Promise<void> {
  await proxy.owner.query('ALTER TABLE usage_record RENAME TO usage_record_gone');
  await proxy.owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'test'`,
  );
}

const bringPostgresBack = (): Promise<unknown> =>
  proxy.owner.query('ALTER TABLE usage_record_gone RENAME TO usage_record');

async function call(): Promise<Response> {
  const response = await post(url, CHAT);
  await response.clone().arrayBuffer();
  return response;
}

test('while records cannot be written, calls go on; their records arrive once they can be, each once', async () => {
  await takePostgresAway();
  const answers = [await call(), await call(), await call()];
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  await bringPostgresBack();
  const rows = await usageRecords(proxy.owner, tenant.accountId, 4);
  const ids = answers.map((answer) => answer.headers.get('cf-aig-request-id'));
  expect(rows.slice(1).map((row) => row['id'])).toEqual(ids);
});

test('a full ledger refuses new calls before they cost anything, and keeps those that run', async () => {
  let answerTheFirst = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => {
    upstream.answer = (seen, response) => {
      answerTheFirst = () => void answerJson(200, chatCompletion())(seen, response);
      resolve();
    };
  });
  const running = post(url, CHAT);
  await isAsked;
  upstream.answer = answerJson(200, chatCompletion());
  await takePostgresAway();
  let answered = 0;
  let refused = await call();
  for (; refused.status === 200 && answered < CALLS_MAX; answered++) refused = await call();
  const seenBefore = upstream.seen.length;

  refused = await call();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(refused.headers.has('cf-aig-log-id')).toBe(false);
  expect(await refused.json()).toMatchObject({ internalCode: 9006 });
  expect(upstream.seen.length).toBe(seenBefore);

  answerTheFirst();
  expect((await running).status).toBe(200);
  await bringPostgresBack();
  const recorded = 1 + 1 + answered; // before, the one that ran, and those that were let in
  expect(await usageRecords(proxy.owner, tenant.accountId, recorded)).toHaveLength(recorded);
  await waitFor(async () => (await call()).status === 200, 'the ledger, told of the commit, opens again');
});

test('a stop writes what is held', async () => {
  await takePostgresAway();
  await call();
  await bringPostgresBack();
  await proxy.proxy.stop(5_000);
  expect(await usageRecords(proxy.owner, tenant.accountId, 2)).toHaveLength(2);
});

test('a stop ends what still runs at its deadline with an error event, and records it', async () => {
  upstream.answer = (_seen, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['never ending'], false)[0]);
  };
  const client = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
  client.end(JSON.stringify({ ...CHAT, stream: true }));
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  let told = '';
  response.setEncoding('utf8').on('data', (text: string) => (told += text));
  const ended = once(response, 'end');
  await proxy.proxy.stop(150);
  await ended;
  expect(told).toMatch(/never ending.*data: \{"error":.*\n\n$/s);
  const rows = await usageRecords(proxy.owner, tenant.accountId, 2);
  expect(rows.at(-1)).toMatchObject({ streamed: true, client_aborted: false, usage_source: 'ESTIMATED' });
});

test('a stop waits for no connection that is merely kept alive', async () => {
  const agent = new Agent({ keepAlive: true });
  let answer = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => {
    upstream.answer = (seen, response) => {
      answer = () => void answerJson(200, chatCompletion())(seen, response);
      resolve();
    };
  });
  const client = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
  client.end(JSON.stringify(CHAT));
  await isAsked;
  let hasStopped = false;
  const stopped = proxy.proxy.stop(600_000).then(() => (hasStopped = true));
  answer();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  response.resume();
  await waitFor(() => hasStopped, 'it has stopped, long before such a connection ends by itself', 30_000);
  await stopped;
  agent.destroy();
});
