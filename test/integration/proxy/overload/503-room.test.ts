/** A proxy that carries as much as it can: who is refused, how, and what becomes of everybody else. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import { limitedBy, limitRule } from '../../../support/rate-limits.js';
import { waitFor } from '../../../support/wait-for.js';

const ROOM = 10;

let rig: Rig;
let held: (() => void)[] = [];

beforeAll(async () => {
  rig = await startRig({ PROXY_REQUESTS_MAX: String(ROOM) });
});
afterAll(() => rig.stop());
beforeEach(() => {
  held = [];
  rig.upstream.answer = async (request, response) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await answerJson(200, chatCompletion())(request, response);
  };
});

const chat = (base: string): Promise<Response> => post(`${base}/openai/chat/completions`, CHAT);

/** Lets all go that wait, and all that come. */
function release(): void {
  rig.upstream.answer = answerJson(200, chatCompletion());
  for (const go of held) go();
}

test('an account that takes most is refused at once, counted by no limit, and leaves room for others', async () => {
  const greedy = await rig.tenant(limitedBy(limitRule({ limit: 9 })));
  const modest = await rig.tenant();
  const running = Array.from({ length: 8 }, () => chat(greedy.base));
  await waitFor(() => held.length === 8, 'as many run as one account may have');
  const refused = await chat(greedy.base);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ internalCode: 9006, description: expect.stringContaining('share') });
  const other = chat(modest.base);
  await waitFor(() => held.length === 9, 'a newcomer is served');
  release();
  expect((await Promise.all([...running, other])).map(({ status }) => status)).toEqual(Array<number>(9).fill(200));
  expect((await chat(greedy.base)).status).toBe(200); // the ninth that its limit admits
  expect((await chat(greedy.base)).status).toBe(429);
});

test('when all the room is taken everybody is refused, but for who has no credential, and health', async () => {
  const tenants = await Promise.all(Array.from({ length: ROOM }, () => rig.tenant()));
  const closed = await rig.tenant({ authentication: true });
  const running = tenants.map(({ base }) => chat(base));
  await waitFor(() => held.length === ROOM, 'all the room is taken');
  const late = await rig.tenant();
  expect((await chat(late.base)).status).toBe(503);
  expect((await chat(closed.base)).status).toBe(401);
  expect((await fetch(`${rig.proxy.url}/readyz`)).status).toBe(200);
  release();
  expect((await Promise.all(running)).map(({ status }) => status)).toEqual(Array<number>(ROOM).fill(200));
  expect((await chat(late.base)).status).toBe(200);
});

test('a universal request takes one place, however many steps it has, and gives it back', async () => {
  release();
  const { base } = await rig.tenant();
  const step = { provider: 'openai', endpoint: 'chat/completions', headers: {}, query: CHAT };
  for (let i = 0; i < 2 * ROOM; i++) expect((await post(base, [step, step])).status).toBe(200);
});
