/** Each log names the version of its gateway that served it: the one in force when the request came in. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const LOG = `query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { configVersion gateway { id } } } }`;
const VERSION = `query ($tag: String!, $number: Int!) { account(tag: $tag) { gateway(name: "main") {
  version(number: $number) { settings { authentication } } } } }`;
const chat = answerJson(200, chatCompletion());

let upstream: FakeUpstream;
let api: TestApi;
let proxy: TestProxy;
let tenant: TestTenant;
let token: string;
let editor: GraphqlCaller;

beforeAll(async () => {
  upstream = await startFakeUpstream(chat);
  const openai = `${upstream.origin}/v1`;
  api = await startTestApi({ providerOrigins: new Map([['openai', openai]]) });
  proxy = await startTestProxy({ openai }, { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url });
  tenant = await createTenant(api.owner);
  token = await tenant.apiToken();
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' })).token);
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
  await upstream.close();
});

const call = (headers: Readonly<Record<string, string>>): Promise<Response> =>
  post(`${proxy.url}/v1/${tenant.tag}/main/openai/chat/completions`, CHAT, headers);

async function mutate(field: string, type: string, input: object): Promise<string> {
  const answer = await editor(`mutation ($input: ${type}!) { it: ${field}(input: $input) { id } }`, { input });
  return answer.expectData<{ it: { id: string } }>().it.id;
}

/** The version that the log of an answer names, once the log is there. */
function versionOf(answer: Response): Promise<number> {
  const id = answer.headers.get('cf-aig-log-id');
  return waitFor(async () => {
    const { account } = (await editor(LOG, { tag: tenant.tag, id })).expectData<{
      account: { log: { configVersion: number } | null };
    }>();
    return account.log?.configVersion;
  }, 'the log is there');
}

test('whatever is changed while requests are on their way, a log’s version has the settings that it was served by', async () => {
  const id = await mutate('createGateway', 'CreateGatewayInput', { accountId: tenant.accountId, name: 'main' });
  const answers: Response[] = [];
  await waitFor(async () => (await call({})).status === 200, 'the gateway serves');
  for (const step of ['update', 'rollback', 'update'] as const) {
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    upstream.answer = async (request, response) => {
      await held;
      await chat(request, response);
    };
    const seen = upstream.seen.length;
    const onItsWay = call({ 'cf-aig-authorization': `Bearer ${token}` });
    await waitFor(() => upstream.seen.length > seen, 'a request is with its provider');
    if (step === 'update') {
      await mutate('updateGateway', 'UpdateGatewayInput', { id, settings: { authentication: true } });
    } else await mutate('rollbackGateway', 'RollbackGatewayInput', { id, version: 1 });
    upstream.answer = chat;
    // without a token: served by what does not ask for one, and refused by what does
    const isOpen = step === 'rollback';
    await waitFor(async () => (await call({})).status === (isOpen ? 200 : 401), `the change is in force`);
    answers.push(await call({ 'cf-aig-authorization': `Bearer ${token}` }));
    goOn();
    answers.push(await onItsWay);
  }
  const versions = await Promise.all(answers.map(versionOf));
  expect(versions).toEqual([2, 1, 3, 2, 4, 3]);
  for (const [number, authentication] of [
    [1, false],
    [2, true],
    [3, false],
    [4, true],
  ] as const) {
    expect((await editor(VERSION, { tag: tenant.tag, number })).expectData()).toEqual({
      account: { gateway: { version: { settings: { authentication } } } },
    });
  }
});
