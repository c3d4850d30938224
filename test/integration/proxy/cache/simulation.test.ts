/** What the api says that a cache would have saved is what a cache saves, to the pico-dollar, of the same traffic. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { answerEvents, answerJson, chatCompletion, chatEvents } from '../../../support/fake-upstream.js';
import { looseClient } from '../../../support/coalescing-rig.js';
import { CHAT, post } from '../../../support/rig.js';
import {
  anySteps,
  newTrial,
  playSteps,
  startSimulationRig,
  type SimulationRig,
} from '../../../support/simulated-traffic.js';
import { simulatedTrials } from '../../../support/test-size.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: SimulationRig;

beforeAll(async () => {
  rig = await startSimulationRig();
});
afterAll(() => rig.stop());

const TTL = 600;
const OVERSIZED_BYTES = 25 * 1024 * 1024 + 1;

/** Plays the same calls to a gateway without a cache and to one with it; answers how many hits both tell of. */
async function compare(play: (base: string) => Promise<number>, settings = {}): Promise<string> {
  const trial = await newTrial(rig);
  const off = await trial.gateway('off', settings);
  const on = await trial.gateway('on', { ...settings, cache_ttl_seconds: TTL });
  const count = (await play(off.base)) + (await play(on.base));
  const real = await trial.real(on.id, count);
  expect(await trial.simulated(off.id, [TTL])).toEqual([real]);
  return real.hits;
}

const ask = async (base: string, body: unknown = CHAT): Promise<string | null> => {
  const response = await post(`${base}/openai/chat/completions`, body);
  await response.text();
  return response.headers.get('cf-aig-cache-status');
};

test('T-INS-1 streams and documents, failures, errors and cuts, credentials, custom costs, usage that differs, and expiry', async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, (steps) => playSteps(rig, steps)),
    simulatedTrials,
  );
});

test('identical calls that overlap are none the wiser: the next one is a hit', async () => {
  const play = async (base: string): Promise<number> => {
    const held: (() => void)[] = [];
    rig.upstream.answer = (seen, response) =>
      void held.push(() => void answerJson(200, chatCompletion())(seen, response));
    const both = [ask(base), ask(base)];
    await waitFor(() => Promise.resolve(held.length === 2), 'both calls are upstream');
    for (const answer of held) answer();
    await Promise.all(both);
    rig.upstream.answer = answerJson(200, chatCompletion());
    await ask(base);
    return 3;
  };
  expect(await compare(play)).toBe('1');
});

test('an answer beyond the size that is cached is paid each time', async () => {
  const padding = 'x'.repeat(OVERSIZED_BYTES);
  rig.upstream.answer = answerJson(200, chatCompletion({ padding }));
  const play = async (base: string): Promise<number> => {
    for (let call = 0; call < 2; call++) await ask(base);
    return 2;
  };
  expect(await compare(play)).toBe('0');
});

test('an answer whose client left is not cached; the one after it is', async () => {
  const body = { ...CHAT, stream: true };
  const play = async (base: string): Promise<number> => {
    rig.upstream.answer = (_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chatEvents(['Hello'], false)[0]);
    };
    const client = looseClient(base, { body });
    const answer = await client.answer;
    await once(answer, 'data');
    const seen = rig.upstream.seen.at(-1);
    client.leave();
    await seen?.cut;
    rig.upstream.answer = answerEvents(chatEvents(['Hello'], true));
    for (let call = 0; call < 3; call++) await ask(base, body);
    return 4;
  };
  expect(await compare(play)).toBe('2');
});

test('of a call that took several attempts the answer is saved, and not what came before it', async () => {
  const play = async (base: string): Promise<number> => {
    let calls = 0;
    rig.upstream.answer = (seen, response) =>
      (calls++ === 0 ? answerJson(503, {}) : answerJson(200, chatCompletion()))(seen, response);
    for (let call = 0; call < 3; call++) await ask(base);
    return 3;
  };
  expect(await compare(play, { retry_max_attempts: 3, retry_delay_ms: 0 })).toBe('2');
});

test('what is not asked by POST, or of a format that nobody knows, is never a hit', async () => {
  rig.upstream.answer = answerJson(200, chatCompletion());
  const play = async (base: string): Promise<number> => {
    for (let call = 0; call < 2; call++) {
      await (await fetch(`${base}/openai/models`)).text();
      await (await post(`${base}/openai/unheard-of`, CHAT)).text();
      await (await post(`${base}/openai/moderations`, CHAT)).text();
    }
    return 6;
  };
  expect(await compare(play)).toBe('0');
});
