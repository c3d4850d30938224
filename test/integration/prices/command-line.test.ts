/** `npm run prices` as a person sees it: the compiled program in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';

const PROGRAM = fileURLToPath(new URL('../../../scripts/prices.js', import.meta.url));
const LITELLM = 'test/fixtures/prices/litellm-excerpt.json';

let database: TestDatabase;
let owner: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  owner = openPool(database.url, 1);
});
afterAll(async () => {
  await owner.end();
  await database.close();
});

async function prices(...args: readonly string[]): Promise<{ code: unknown; out: string }> {
  const env = { PATH: process.env['PATH'], MIGRATION_DATABASE_URL: database.url };
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: 'pipe' });
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out: out + err };
}

test('LiteLLM’s list is imported with a report, once, and proxies hear of it', async () => {
  const dry = await prices('import', LITELLM, '--format', 'litellm', '--dry-run');
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.out).toContain('nothing was imported. In force: version 0.');
  const first = await prices('import', LITELLM, '--format', 'litellm', '--mode', 'fill', '--source', 'LiteLLM, 2026-07-24');
  expect(first.out).toContain('ADDED openai/gpt-4o');
  expect(first.out).toContain('claude-sonnet-4-5: search_context_cost_per_query');
  expect(first.out).toContain('In force: version 1.');
  expect((await prices('import', LITELLM, '--format', 'litellm')).out).toContain('In force: version 1.');
  const { rows } = await owner.query('SELECT version, source, origin, imported_by FROM price_list');
  expect(rows).toEqual([
    { version: 1, source: 'LiteLLM, 2026-07-24', origin: 'IMPORT', imported_by: 'command line' },
  ]);
  const changes = await owner.query<{ kind: string }>("SELECT change->>'kind' AS kind FROM policy_outbox");
  expect(changes.rows).toEqual([{ kind: 'prices' }]);
}, 60_000); // prettier-ignore

test('a file that is no price document is refused by what is wrong in it', async () => {
  const { code, out } = await prices('import', LITELLM);
  expect([code, out]).toEqual([1, expect.stringMatching(/^input\.document.* /)]);
  expect((await prices('import', 'no-such-file.json')).code).toBe(1);
}, 60_000);

test('what is not understood prints how to use it, and does nothing', async () => {
  for (const args of [[], ['export', LITELLM], ['import'], ['import', LITELLM, '--format', 'xml']]) {
    expect(await prices(...args)).toEqual({ code: 2, out: expect.stringContaining('npm run prices -- import FILE') });
  }
}, 60_000);
