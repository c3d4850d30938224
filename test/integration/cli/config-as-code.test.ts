/**
 * An account as a file: exported, planned, applied to an empty instance, and refused at its line, by the program
 * itself.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  customHeadersContext,
  egressProxyContext,
  providerKeyContext,
} from '../../../schema/contracts/seal-contexts.js';
import { openSealed } from '../../../schema/contracts/sealed-secret.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { tollgateOf, type Ran, type Tollgate } from '../../support/tollgate.js';
import { vaultPair } from '../../support/vault.js';

const FILE = `# An account of Tollgate as code: docs/configuration-as-code.md
version: 1
customProviders:
  - slug: mine
    name: Mine
    baseUrl: https://api.example.com/v1
    headers:
      - name: authorization
        secretFrom: env:MINE_TOKEN
      - name: X-Team
        secretFrom: file:team.txt
gateways:
  - name: A_b-c
  - name: main
    description: "All of it: colons, 'quotes' # and hashes"
    settings:
      authentication: true
      cacheTtlSeconds: 300
      rateLimits:
        - name: per minute
          limit: 60
          intervalSeconds: 60
          technique: SLIDING
          key: GATEWAY
        - name: a user
          limit: 5
          intervalSeconds: 10
          technique: FIXED
          key: HEADER
          keyName: x-user
      requestTimeoutMs: 5000
      egressProxyUrl:
        secretFrom: env:WAY_OUT
    providerKeys:
      - provider: aws-bedrock
        alias: default
        target:
          region: us-east-1
        secretFrom: env:AWS_KEY
      - provider: custom-mine
        alias: default
        secretFrom: env:MINE_KEY
      - provider: openai
        alias: default
        secretFrom: env:OPENAI_KEY
      - provider: openai
        alias: other
        secretFrom: env:OPENAI_KEY
priceOverrides:
  - provider: openai
    model: gpt-4o
    rates:
      inputTokens: "2.5"
      outputTokens: "10"
  - provider: openai
    model: gpt-4o
    match: PREFIX
    serviceTier: flex
    from: 2026-01-01T00:00:00.000Z
    rates:
      inputTokens: "0.000001"
`;
const AWS_KEY = JSON.stringify({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'canary-aws' });
const SECRETS = {
  MINE_TOKEN: 'Bearer canary-header',
  WAY_OUT: 'http://robot:canary-egress@proxy.example.com:3128',
  AWS_KEY,
  MINE_KEY: 'canary-mine-0123456',
  OPENAI_KEY: 'sk-canary-openai-01',
};
const PERMISSIONS = ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'] as const;

let api: TestApi;
let empty: TestApi;
let tenant: TestTenant;
let tollgate: Tollgate;
const opened: Tollgate[] = [];

beforeAll(async () => {
  [api, empty] = await Promise.all([startTestApi(), startTestApi()]);
});
beforeEach(async () => {
  [tenant, tollgate] = await account(api);
});
afterAll(async () => {
  for (const each of opened) each.close();
  await Promise.all([api.stop(), empty.stop()]);
});

/** A new account, and the program with a token of it. */
async function account(
  of: TestApi,
  permissions: readonly (typeof PERMISSIONS)[number][] = PERMISSIONS,
): Promise<[TestTenant, Tollgate]> {
  const made = await createTenant(of.owner);
  const program = tollgateOf(of.url, await made.apiToken({ permissions }));
  opened.push(program);
  program.write('team.txt', 'blue\n');
  return [made, program];
}

async function ran(program: Tollgate, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await program.run(args, SECRETS);
  expect([stderr, code]).toEqual(['', 0]);
  return stdout;
}

function refused({ code, stderr, stdout }: Ran): string {
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).not.toContain('canary');
  return stderr;
}

test('what was applied is exported as it was written, and onto an empty instance byte for byte again', async () => {
  tollgate.write('tollgate.yaml', FILE);
  const said = await ran(tollgate, ['apply', 'tollgate.yaml']);
  expect(said).toContain('9 to create, 0 to change, 0 to delete\nApplied to the account acme-');
  expect(said).not.toContain('canary');
  const first = await ran(tollgate, ['export']);
  expect(first).toBe(FILE);
  const [, other] = await account(empty);
  other.write('exported.yaml', first);
  expect(await other.spawned(['apply', 'exported.yaml'], SECRETS)).toMatchObject({ code: 0, stderr: '' });
  expect(await other.spawned(['export', '--out', 'again.yaml'])).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(other.read('again.yaml')).toBe(first);
  expect(await other.spawned(['export'])).toEqual({ code: 0, stdout: first, stderr: '' });
  expect(await other.spawned(['export'], { TOLLGATE_TOKEN: '' })).toMatchObject({ code: 1, stdout: '' });
}, 60_000);

test('secrets come from where the file says, and only the proxies can open them', async () => {
  tollgate.write('tollgate.yaml', FILE);
  await ran(tollgate, ['apply', 'tollgate.yaml']);
  const { accountId } = tenant;
  const keys = [vaultPair().privateKey];
  const stored = await api.owner.query<{
    id: string;
    provider: string;
    alias: string;
    origin: string;
    target: Record<string, string>;
    version: number;
    sealed: Buffer;
  }>('SELECT * FROM provider_key WHERE account_id = $1 ORDER BY provider, alias', [accountId]);
  const opened = stored.rows.map((key) => openSealed(keys, key.sealed, providerKeyContext({ accountId, ...key })));
  expect(opened).toEqual([AWS_KEY, SECRETS.MINE_KEY, SECRETS.OPENAI_KEY, SECRETS.OPENAI_KEY]);
  const customs = await api.owner.query<{ id: string; slug: string; baseUrl: string; version: number; sealed: Buffer }>(
    'SELECT id, slug, base_url AS "baseUrl", version, sealed_headers AS sealed FROM custom_provider WHERE account_id = $1',
    [accountId],
  );
  const headers = customs.rows.map(
    (row) => openSealed(keys, row.sealed, customHeadersContext({ accountId, ...row })) ?? '',
  );
  expect(headers.map((text) => JSON.parse(text) as object)).toEqual([
    { authorization: SECRETS.MINE_TOKEN, 'X-Team': 'blue' },
  ]);
  const egress = await api.owner.query<{ gatewayId: string; maskedUrl: string; sealed: Buffer }>(
    `SELECT gateway_id AS "gatewayId", egress_proxy_url AS "maskedUrl", egress_proxy_sealed AS sealed FROM gateway_settings
     WHERE account_id = $1 AND egress_proxy_url IS NOT NULL`,
    [accountId],
  );
  expect(egress.rows.map((row) => openSealed(keys, row.sealed, egressProxyContext({ accountId, ...row })))).toEqual([
    SECRETS.WAY_OUT,
  ]);
});

test('applying again does nothing, asks for no secret, and a changed line is a plan of that line', async () => {
  tollgate.write('tollgate.yaml', FILE);
  await ran(tollgate, ['apply', 'tollgate.yaml']);
  const again = await tollgate.run(['apply', 'tollgate.yaml']);
  expect(again).toEqual({ code: 0, stdout: 'Nothing to do: the account is as the file says.\n', stderr: '' });
  expect((await tollgate.run(['plan', 'tollgate.yaml', '--exit-code'])).code).toBe(0);
  tollgate.write('changed.yaml', FILE.replace('limit: 60', 'limit: 61').replace('env:OPENAI_KEY', 'env:OPENAI_KEY_2'));
  const plan = await tollgate.run(['plan', 'changed.yaml', '--exit-code']);
  expect([plan.code, plan.stdout.replace(/--if-revision \w+/, '--if-revision R')]).toEqual([
    3,
    `~ gateways.main
    settings.rateLimits["per minute"].limit: 60 → 61
~ gateways.main.providerKeys.openai/default
    secretFrom: "env:OPENAI_KEY" → "env:OPENAI_KEY_2"
0 to create, 2 to change, 0 to delete
Secrets that this takes: env:OPENAI_KEY_2
To apply just this: --if-revision R
`,
  ]);
  const revision = /--if-revision (\w+)/.exec(plan.stdout)?.[1] ?? '';
  const early = await tollgate.run(['apply', 'changed.yaml', '--if-revision', revision]);
  expect([early.code, early.stderr]).toEqual([1, 'there is no secret at env:OPENAI_KEY_2\n']);
  const key = { OPENAI_KEY_2: 'sk-canary-openai-02' };
  expect((await tollgate.run(['apply', 'changed.yaml', '--if-revision', revision], key)).code).toBe(0);
  const late = await tollgate.run(['apply', 'changed.yaml', '--if-revision', revision], key);
  expect([late.code, late.stderr]).toEqual([1, 'CONFLICT The configuration has changed since: plan anew.\n']);
});

test('what the file lacks is deleted only when that is said, and what it leaves out is left alone', async () => {
  tollgate.write('tollgate.yaml', FILE);
  await ran(tollgate, ['apply', 'tollgate.yaml']);
  tollgate.write('part.yaml', 'version: 1\ngateways:\n  - name: A_b-c\n');
  expect(await ran(tollgate, ['plan', 'part.yaml'])).toContain(
    '- gateways.main\n0 to create, 0 to change, 1 to delete\nWhat is deleted takes --prune.',
  );
  const kept = await tollgate.run(['apply', 'part.yaml']);
  expect([kept.code, kept.stderr]).toEqual([1, 'CONFLICT This would delete gateways.main: allow it with prune.\n']);
  await ran(tollgate, ['apply', 'part.yaml', '--prune']);
  const rest = await ran(tollgate, ['export']);
  expect(rest).toBe(`${FILE.slice(0, FILE.indexOf('  - name: main'))}${FILE.slice(FILE.indexOf('priceOverrides:'))}`);
});

test.each([
  [
    'a setting out of bounds',
    'cacheTtlSeconds: 300',
    'cacheTtlSeconds: 5',
    '18:24 gateways.1.settings.cacheTtlSeconds must be 0 (off), or from 60 to 2592000',
  ],
  [
    'a field that there is not',
    'authentication: true',
    'authentification: true',
    '17:25 gateways.1.settings.authentification is not known here',
  ],
  ['a name twice', 'name: A_b-c', 'name: main', '14:5 gateways.1 is there twice: main'],
  [
    'what the api alone can tell',
    'baseUrl: https://api.example.com/v1',
    'baseUrl: https://10.0.0.1',
    '6:14 customProviders.0.baseUrl must',
  ],
  [
    'a provider that there will not be',
    'custom-mine',
    'custom-other',
    '40:19 gateways.1.providerKeys.1.provider is neither',
  ],
  [
    'a rate',
    '"0.000001"',
    '"0.0000001"',
    '61:20 priceOverrides.1.rates.inputTokens must have at most 6 fraction digits',
  ],
  [
    'credentials in the file',
    'egressProxyUrl:\n        secretFrom: env:WAY_OUT',
    'egressProxyUrl: http://u:canary@proxy.example.com',
    '32:23 gateways.1.settings.egressProxyUrl has credentials',
  ],
  ['what is no YAML', 'version: 1', 'version: [1', '3:'],
  ['an alias of nothing', 'version: 1', 'version: *one', '2:10 there is no anchor &one before this alias'],
])('%s is refused at its line', async (_what, from, to, problem) => {
  expect(FILE).toContain(from);
  tollgate.write('tollgate.yaml', FILE.replace(from, to));
  expect(refused(await tollgate.run(['apply', 'tollgate.yaml'], SECRETS))).toMatch(`tollgate.yaml:${problem}`);
  const { rows } = await api.owner.query('SELECT FROM audit_event WHERE account_id = $1', [tenant.accountId]);
  expect(rows).toEqual([]);
});

test('a secret that cannot be one is refused at its line, quoting nothing of it, and nothing was applied', async () => {
  tollgate.write('tollgate.yaml', FILE);
  const { code, stderr } = await tollgate.run(['apply', 'tollgate.yaml'], { ...SECRETS, MINE_KEY: 'canary\nline' });
  expect([code, stderr.includes('canary')]).toEqual([1, false]);
  expect(stderr).toMatch(/^tollgate\.yaml:42:\d+ gateways\.1\.providerKeys\.1\.secretFrom must/);
  expect(await ran(tollgate, ['export'])).toBe(
    `${FILE.split('\n')[0] ?? ''}\nversion: 1\ncustomProviders: []\ngateways: []\npriceOverrides: []\n`,
  );
});

test('an editor applies all but prices, and a viewer plans nothing', async () => {
  const [, editor] = await account(api, ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT']);
  editor.write('tollgate.yaml', FILE);
  expect(refused(await editor.run(['apply', 'tollgate.yaml'], SECRETS))).toContain(
    'FORBIDDEN Prices need ACCOUNT_EDIT',
  );
  editor.write('part.yaml', FILE.slice(0, FILE.indexOf('priceOverrides:')));
  await ran(editor, ['apply', 'part.yaml']);
  const [, viewer] = await account(api, ['AI_GATEWAY_READ']);
  viewer.write('tollgate.yaml', FILE);
  expect(refused(await viewer.run(['plan', 'tollgate.yaml']))).toContain('FORBIDDEN');
});

test('keys that no file made are exported with references of their own, which apply as they are', async () => {
  const gatewayId = await tenant.gateway('main', {
    egress_proxy_url: 'http://u:***@proxy.example.com',
    egress_proxy_sealed: '\\x00',
  });
  const key = { gatewayId, provider: 'openai', origin: 'https://api.openai.com', secret: 'sk-canary-0123456789' };
  await tenant.providerKey({ ...key, alias: 'a-b' });
  await tenant.providerKey({ ...key, alias: 'a_b' });
  await tenant.customProvider({ slug: 'mine', baseUrl: 'https://api.example.com' });
  const text = await ran(tollgate, ['export']);
  const references = [...text.matchAll(/secretFrom: (\S+)/g)].map(([, reference]) => reference);
  expect(references).toEqual([
    'env:TOLLGATE_MAIN_EGRESS_PROXY_URL',
    expect.stringMatching(/^env:TOLLGATE_MAIN_OPENAI_A_B_[0-9A-F]{8}$/),
    expect.stringMatching(/^env:TOLLGATE_MAIN_OPENAI_A_B_[0-9A-F]{8}$/),
  ]);
  expect(new Set(references).size).toBe(3);
  tollgate.write('tollgate.yaml', text);
  expect(await ran(tollgate, ['apply', 'tollgate.yaml'])).toBe('Nothing to do: the account is as the file says.\n');
});

test('a token that no header can carry is refused by the name of its variable, and not shown', async () => {
  const { code, stderr } = await tollgate.spawned(['export'], { TOLLGATE_TOKEN: 'tgt_canary\n' });
  expect(code).toBe(1);
  expect(stderr).toContain('TOLLGATE_TOKEN: has a space, a line break');
  expect(stderr).not.toContain('canary');
});

test('what is no command says how it is used', async () => {
  for (const args of [[], ['destroy'], ['plan'], ['export', 'file'], ['plan', 'a', 'b'], ['plan', 'a', '--nothing']]) {
    const { code, stderr } = await tollgate.run(args);
    expect([args, code, stderr.includes('tollgate apply FILE')]).toEqual([args, 2, true]);
  }
  expect((await tollgate.run(['--help'])).code).toBe(0);
  expect(await tollgate.run(['plan', 'nowhere.yaml'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'nowhere.yaml cannot be read\n',
  });
});

test('an export to where nothing can be written is refused with that path', async () => {
  expect(await tollgate.run(['export', '--out', 'nowhere/account.yaml'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'nowhere/account.yaml cannot be written: ENOENT\n',
  });
});
