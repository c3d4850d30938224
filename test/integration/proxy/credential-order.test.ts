/**
 * Which credential goes upstream (cloudflare-wire §6.2), for every place in which a caller may say who it is, on
 * gateways that demand it and on those that do not. What is expected is written out here, not taken from the code.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mintApiToken } from '../../../schema/contracts/api-token.js';
import { answerJson, chatCompletion, type SeenRequest } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

const STORED = 'sk-stored-0123456789';
const BATCH = 'sk-stored-for-batches';
const CLIENT = 'sk-client-0123456789';

/** How each provider documents its credential; a client's own may stand elsewhere than a token of ours. */
const PROVIDERS = {
  openai: {
    path: '/openai/chat/completions',
    token: (token: string) => ({ authorization: `Bearer ${token}` }),
    client: null, // the one header is taken by the token
    stored: ['authorization', `Bearer ${STORED}`, `Bearer ${BATCH}`],
  },
  anthropic: {
    path: '/anthropic/v1/messages',
    token: (token: string) => ({ 'x-api-key': token }),
    client: { headers: { authorization: `Bearer ${CLIENT}` }, query: '' },
    stored: ['x-api-key', STORED, BATCH],
  },
  'google-ai-studio': {
    path: '/google-ai-studio/v1beta/models/gemini-2.5-pro:generateContent',
    token: (token: string) => ({ 'x-goog-api-key': token }),
    client: { headers: {}, query: `?key=${CLIENT}` },
    stored: ['x-goog-api-key', STORED, BATCH],
  },
  // Anthropic's format, whose SDKs write their key elsewhere than the provider's own
  deepseek: {
    path: '/deepseek/anthropic/v1/messages',
    token: (token: string) => ({ authorization: `Bearer ${token}` }),
    client: { headers: { 'x-api-key': CLIENT }, query: '' },
    stored: ['authorization', `Bearer ${STORED}`, `Bearer ${BATCH}`],
  },
} as const;
type ProviderName = keyof typeof PROVIDERS;

const PLACEMENTS = ['gateway header', 'own header', 'none', 'foreign', 'revoked', 'without RUN', 'unknown'] as const;
type Placement = (typeof PLACEMENTS)[number];
const KNOWN: readonly Placement[] = ['gateway header', 'own header'];

const ROWS = ['client', 'stored', 'named', 'unknown alias', 'nothing stored', 'byokOnly'] as const;
type Row = (typeof ROWS)[number];

interface Expected {
  readonly status: number;
  readonly code?: number;
  /** value of the provider's own credential header upstream; null: it is not there */
  readonly credential?: string | null;
}

/** product §7, wire §6.1 and §6.2. */
function expectation(row: Row, placement: Placement, provider: ProviderName, isRequired: boolean): Expected {
  const isKnown = KNOWN.includes(placement);
  if (isRequired && placement === 'without RUN') return { status: 403, code: 9003 };
  if (isRequired && !isKnown) return { status: 401, code: 2009 };
  const [, stored, batch] = PROVIDERS[provider].stored;
  switch (row) {
    case 'client':
      return { status: 200 };
    case 'stored':
      return isKnown ? { status: 200, credential: stored } : { status: 401, code: 2009 };
    case 'named':
      return isKnown ? { status: 200, credential: batch } : { status: 401, code: 2009 };
    case 'unknown alias':
    case 'byokOnly':
      return { status: 400, code: 2040 };
    case 'nothing stored':
      return { status: 200, credential: null };
  }
}

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

async function tenantFor(row: Row, provider: ProviderName, isRequired: boolean): Promise<Tenant> {
  const tenant = await rig.tenant({ authentication: isRequired, byok_only: row === 'byokOnly' });
  const { gatewayId } = tenant;
  if (row !== 'nothing stored' && row !== 'byokOnly') {
    const key = { gatewayId, provider, origin: rig.upstream.origin };
    await tenant.providerKey({ ...key, secret: STORED });
    await tenant.providerKey({ ...key, secret: BATCH, alias: 'batch' });
  }
  return tenant;
}

async function tokenFor(placement: Placement, tenant: Tenant): Promise<string | null> {
  switch (placement) {
    case 'gateway header':
    case 'own header':
      return tenant.apiToken();
    case 'none':
      return null;
    case 'foreign':
      return (await rig.tenant()).apiToken();
    case 'revoked':
      return tenant.apiToken({ revokedAt: new Date(0) });
    case 'without RUN':
      return tenant.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] });
    case 'unknown':
      return mintApiToken();
  }
}

interface Outcome {
  readonly status: number;
  readonly code: number | null;
  /** null: nothing went upstream */
  readonly seen: SeenRequest | null;
}

async function callWith(row: Row, placement: Placement, provider: ProviderName, tenant: Tenant): Promise<Outcome> {
  const { path, token: inOwnHeader, client } = PROVIDERS[provider];
  const token = await tokenFor(placement, tenant);
  const isClients = row === 'client' && client !== null;
  const headers = {
    ...(row === 'unknown alias' ? { 'cf-aig-byok-alias': 'nope' } : {}),
    ...(row === 'named' ? { 'cf-aig-byok-alias': 'batch' } : {}),
    ...(isClients ? client.headers : {}),
    ...(token === null
      ? {}
      : placement === 'own header'
        ? inOwnHeader(token)
        : { 'cf-aig-authorization': `Bearer ${token}` }),
  };
  const before = rig.upstream.seen.length;
  const response = await post(`${tenant.base}${path}${isClients ? client.query : ''}`, CHAT, headers);
  const document: unknown = await response.json();
  const code = (document as { internalCode?: number }).internalCode ?? null; // the envelope, or the provider's own
  const [seen = null, ...more] = rig.upstream.seen.slice(before);
  expect(more).toEqual([]);
  return { status: response.status, code, seen };
}

const cases = (Object.keys(PROVIDERS) as ProviderName[]).flatMap((provider) =>
  // the object has no other keys
  ROWS.filter((row) => row !== 'client' || PROVIDERS[provider].client !== null).flatMap((row) =>
    [true, false].map((isRequired) => ({ provider, row, isRequired })),
  ),
);

test.each(cases)(
  '$provider, $row, authentication $isRequired: the order holds for every way of saying who calls',
  async ({ provider, row, isRequired }) => {
    const tenant = await tenantFor(row, provider, isRequired);
    for (const placement of PLACEMENTS) {
      const expected = expectation(row, placement, provider, isRequired);
      const { status, code, seen } = await callWith(row, placement, provider, tenant);
      const name = `${row}, ${placement}`;
      expect({ name, status, code }).toEqual({ name, status: expected.status, code: expected.code ?? null });
      expect({ name, isSent: seen !== null }).toEqual({ name, isSent: expected.status === 200 });
      if (seen === null) continue;
      const wire = JSON.stringify([seen.url, seen.rawHeaders]);
      expect(wire).not.toContain('tgt_');
      expect(wire).not.toContain('cf-aig');
      if (row === 'client') {
        expect(wire).toContain(CLIENT);
        expect(wire).not.toMatch(/sk-stored/);
      } else {
        const values = [seen.headers['authorization'], seen.headers['x-api-key'], seen.headers['x-goog-api-key']];
        expect(values.filter((value) => value !== undefined)).toEqual(
          expected.credential === null ? [] : [expected.credential],
        );
        expect(seen.headers[PROVIDERS[provider].stored[0]] ?? null).toBe(expected.credential);
      }
    }
  },
);
