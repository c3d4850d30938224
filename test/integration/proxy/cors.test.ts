import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { rawCall } from '../../support/raw-call.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';

let rig: Rig;
let isDatabaseGone: boolean;

beforeEach(async () => {
  isDatabaseGone = false;
  rig = await startRig();
});
afterEach(() => rig.stop(isDatabaseGone));

const PREFLIGHT = {
  method: 'OPTIONS',
  headers: {
    origin: 'https://app.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,cf-aig-metadata',
  },
};

test('a preflight is answered before any look-up: for an unknown account, with both stores away', async () => {
  isDatabaseGone = true;
  await Promise.all([rig.proxy.redis.close(), rig.proxy.database.close()]);
  const answer = await rawCall(`${rig.proxy.url}/v1/nobody/none/openai/chat/completions`, PREFLIGHT);
  expect(answer.status).toBe(204);
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': expect.stringContaining('DELETE'),
    'access-control-allow-headers': 'authorization,cf-aig-metadata',
    'access-control-max-age': expect.stringMatching(/^\d+$/),
  });
  expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  expect(rig.upstream.seen).toHaveLength(0);
});

test("an OPTIONS request that is no preflight is the provider's", async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.writeHead(200, { allow: 'POST' }).end();
  const answer = await rawCall(`${tenant.base}/openai/chat/completions`, { method: 'OPTIONS' });
  expect(answer.headers['allow']).toBe('POST');
  expect(rig.upstream.seen.at(-1)?.method).toBe('OPTIONS');
});

test("a page may read the gateway's headers on answers and on refusals, whatever the provider allows", async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion(), {
    'access-control-allow-origin': 'https://other.example',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-theirs',
  });
  const answers = [
    await post(`${tenant.base}/openai/chat/completions`, CHAT),
    await post(`${rig.proxy.url}/v1/nobody/none/openai/chat/completions`, CHAT),
  ];
  expect(answers.map((answer) => answer.status)).toEqual([200, 400]);
  for (const answer of answers) {
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    const exposed = answer.headers.get('access-control-expose-headers') ?? '';
    for (const name of ['cf-aig-log-id', 'cf-aig-request-id', 'ratelimit-remaining', 'retry-after']) {
      expect(exposed).toContain(name);
    }
    await answer.arrayBuffer();
  }
});
