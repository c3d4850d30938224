/**
 * docs/graphql.md holds against a real api: every example is sent, with a new account of its own, in the order of the
 * page. With TEST_RECORD=1 (`npm run docs:graphql`) what they are answered is written into the page instead.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { allExamples } from '../../../scripts/docs/graphql-examples/all-examples.js';
import { operationsOf, operationsSection, recordedAnswers } from '../../../scripts/docs/graphql-page.js';
import { replaceSection } from '../../../scripts/docs/marked-section.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { testConfig } from '../../support/config.js';
import { explainerOf } from '../../support/explain.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { answerOf } from '../../support/graphql-examples/run.js';
import type { ExampleFixtures } from '../../support/graphql-examples/fixtures.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';

const PAGE = 'docs/graphql.md';
const page = readFileSync(PAGE, 'utf8');
const examples = await allExamples();
const operations = operationsOf(buildApiSchema()).filter((coordinate) => coordinate in examples);
const answers = recordedAnswers(page);
const isRecording = testConfig.TEST_RECORD === '1';

let api: TestApi;
let proxy: TestProxy;
let upstream: FakeUpstream;

beforeAll(async () => {
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  const explainer = {
    explain: (described: Parameters<ReturnType<typeof explainerOf>['explain']>[0]) =>
      explainerOf(proxy).explain(described),
  };
  api = await startTestApi({ isSignUpOpen: true }, undefined, explainer);
  proxy = await startTestProxy(
    { openai: `${upstream.origin}/v1` },
    { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url },
  );
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
  await upstream.close();
  if (!isRecording) return;
  const style = await resolveConfig(PAGE);
  const text = replaceSection(page, 'operations', operationsSection(buildApiSchema(), examples, answers));
  writeFileSync(PAGE, await format(text, { ...style, parser: 'markdown' }));
});

async function call(values: ExampleFixtures['values']): Promise<void> {
  const base = `${proxy.url}/v1/${values['account.tag']}/${values['gateway.name']}/openai`;
  const answer = await post(`${base}/chat/completions`, CHAT, { authorization: 'Bearer sk-of-the-client' });
  expect([answer.status, await answer.json()]).toEqual([200, chatCompletion()]);
}

test.each(operations)('%s answers as docs/graphql.md says', async (coordinate) => {
  const example = examples[coordinate];
  if (example === undefined) throw new Error(`${coordinate} has no example`);
  const answer = await answerOf(example, { api, call });
  expect(answer).not.toHaveProperty('errors');
  if (isRecording) answers.set(coordinate, answer);
  expect(answers.get(coordinate)).toEqual(answer);
});
