import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig(
    { ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' },
    {
      poolBounds: { all: 20, ofAccount: 3 },
      nameLookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    },
  );
});
afterAll(() => rig.stop());

/** A tenant with custom providers `host-0`, …, each at a host of its own. */
async function tenantWithHosts(count: number): Promise<{ readonly base: string }> {
  const tenant = await rig.tenant();
  const { port } = new URL(rig.upstream.origin);
  for (let n = 0; n < count; n += 1) {
    await tenant.customProvider({ slug: `host-${n}`, baseUrl: `http://host-${n}.${tenant.tag}.example:${port}` });
  }
  return tenant;
}

test('an account that keeps many hosts waiting is refused yet another, and the accounts beside it are not', async () => {
  const [many, other] = await Promise.all([tenantWithHosts(4), tenantWithHosts(1)]);
  const ask = (base: string, n: number): Promise<Response> => post(`${base}/custom-host-${n}/x`, CHAT);
  const release: (() => void)[] = [];
  rig.upstream.answer = (seen, response) =>
    void release.push(() => void answerJson(200, chatCompletion())(seen, response));
  const waiting = [0, 1, 2].map((n) => ask(many.base, n));
  await waitFor(() => release.length === 3, 'three calls are with their hosts');
  rig.upstream.answer = answerJson(200, chatCompletion());
  const refused = await ask(many.base, 3);
  expect({ status: refused.status, again: refused.headers.get('retry-after') }).toEqual({ status: 503, again: '1' });
  expect(await refused.json()).toMatchObject({
    internalCode: 9006,
    description: 'this account is calling too many different upstreams',
  });
  expect((await ask(other.base, 0)).status).toBe(200);
  expect((await ask(many.base, 0)).status).toBe(200); // one more to a host that is being called
  for (const answer of release) answer();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
  await waitFor(async () => (await ask(many.base, 3)).status === 200, 'there is room again');
});
