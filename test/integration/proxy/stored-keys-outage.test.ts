import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';

let rig: Rig;
let isDatabaseGone = false;
beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop(isDatabaseGone));

test('when a token cannot be looked up, its call for a stored key is 503/9006: an outage is never told as 401', async () => {
  const tenant = await rig.tenant();
  const { gatewayId } = tenant;
  await tenant.providerKey({ gatewayId, provider: 'openai', origin: rig.upstream.origin, secret: 'sk-stored' });
  const [known, fresh] = await Promise.all([tenant.apiToken(), tenant.apiToken()]);
  const call = (headers: Record<string, string>, path = 'openai/chat/completions'): Promise<Response> =>
    post(`${tenant.base}/${path}`, CHAT, headers);
  const bearing = (token: string): Record<string, string> => ({ 'cf-aig-authorization': `Bearer ${token}` });
  expect((await call(bearing(known))).status).toBe(200);

  isDatabaseGone = true;
  await Promise.all([rig.proxy.redis.close(), rig.proxy.database.close()]);
  const response = await call(bearing(fresh));
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ internalCode: 9006 });
  expect(response.headers.get('retry-after')).not.toBeNull();
  expect((await call({})).status).toBe(401);
  // What was known before the outage goes on being served.
  expect((await call(bearing(known))).status).toBe(200);
  expect(rig.upstream.seen.at(-1)?.headers['authorization']).toBe('Bearer sk-stored');
});
