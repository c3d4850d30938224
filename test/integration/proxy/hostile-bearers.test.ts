/** Bearer values that try to become part of a statement (CVE-2026-42208: by way of the error path). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mintApiToken } from '../../../schema/contracts/api-token.js';
import { answerJson } from '../../support/fake-upstream.js';
import { rawExchange, type RawExchange } from '../../support/raw-exchange.js';
import { startRig, type Rig } from '../../support/rig.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, {});
});
afterAll(() => rig.stop());

const INJECTIONS = [
  "' OR 1=1 --", "'; DROP TABLE api_token; --", "' UNION SELECT token_hash FROM api_token --", '" OR ""="', '\\\'; SELECT 1', '$1',
  '$$; SELECT pg_sleep(10); $$', '%27%20OR%201=1', "tgt_' || pg_sleep(10) || '", "') OR ('1'='1", '1;SELECT version()', "\u00bf' OR 1=1",
  '{"$ne":null}', 'x'.repeat(7_000), 'a,b', 'undefined',
]; // prettier-ignore

/** What would come from a statement, or from the code that made it. */
const INSIDES = /\b(?:select|insert|update|relation|syntax error|api_token|postgres|pg_|at \w+ \()/i;

const call = (path: string, ...lines: string[]): Promise<RawExchange> =>
  rawExchange(rig.proxy.url, [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n'));

/** As bearers of the gateway's header and of the provider's, and around a token of the right shape. */
const hostileLines = (): string[] =>
  INJECTIONS.flatMap((text) => [
    `cf-aig-authorization: Bearer ${text}`,
    `Authorization: Bearer ${text}`,
    `cf-aig-authorization: Bearer ${mintApiToken()}${text}`,
    `Authorization: Bearer ${text}${mintApiToken()}`,
  ]);

/** Runs `attack` while every look-up of a token fails inside Postgres. */
async function withBrokenTokens(attack: () => Promise<void>): Promise<void> {
  const { owner } = rig.proxy;
  await owner.query('ALTER TABLE api_token RENAME TO api_token_away');
  try {
    await attack();
  } finally {
    await owner.query('ALTER TABLE api_token_away RENAME TO api_token');
  }
}

test('T-SQL-1 a hostile bearer is refused, and never looked up', async () => {
  const { tag } = await rig.tenant({ authentication: true });
  const path = `/v1/${tag}/main/openai/models`;
  const before = rig.upstream.seen.length;
  expect((await call(path)).status).toBe(401); // the gateway itself is known from here on
  await withBrokenTokens(async () => {
    for (const line of hostileLines()) {
      const { status, text } = await call(path, line);
      expect({ line, status }).toEqual({ line, status: 401 }); // 503, had it been looked up
      expect(text).not.toMatch(INSIDES);
    }
  });
  expect(rig.upstream.seen.length).toBe(before);
});

test('T-SQL-3 a look-up that fails inside says so, and says nothing of the statement or of the bearer', async () => {
  const { tag } = await rig.tenant({ authentication: true });
  const path = `/v1/${tag}/main/openai/models`;
  await call(path);
  await withBrokenTokens(async () => {
    for (let i = 0; i < 20; i++) {
      const token = mintApiToken();
      const { status, text } = await call(path, `cf-aig-authorization: Bearer ${token}`);
      expect(status).toBe(503);
      expect(text).toContain('"internalCode":9006');
      expect(text).not.toMatch(INSIDES);
      expect(text).not.toContain(token.slice(4, 20));
    }
  });
});

test('T-SQL-3 names in the URL that are statements are names that do not exist', async () => {
  for (const text of INJECTIONS.filter((each) => !each.includes('\u00bf'))) {
    const segment = encodeURIComponent(text).replaceAll("'", '%27');
    for (const path of [`/v1/${segment}/main/openai/models`, `/v1/acme/${segment}/openai/models`]) {
      const { status, text: answer } = await call(path);
      expect(status).toBe(400);
      expect(answer).toMatch(/"internalCode":(?:2001|9002)/);
      expect(answer).not.toMatch(INSIDES);
    }
  }
});
