import { expect, test } from '@jest/globals';
import {
  applyCredential,
  changesCredential,
  needsWholeBody,
  type Credentialed,
} from '../../../../proxy/credentials/apply-credential.js';
import type { SecretOpener } from '../../../../proxy/credentials/secret-opener.js';
import type { UsableChoice } from '../../../../proxy/credentials/select-credential.js';
import type { Target } from '../../../../proxy/exchange.js';
import type { OutgoingCall, Route } from '../../../../proxy/providers/provider.js';
import type { PolicyCustomProvider } from '../../../../schema/contracts/gateway-policy.js';
import type { SealContext } from '../../../../schema/contracts/sealed-secret.js';
import { ACCOUNT_ID, arrivalOf, ORIGIN, policyKey, providerOf, targetOf } from '../../../support/credentialed-call.js';

const ROUTE: Route = { origin: ORIGIN, keyOrigin: ORIGIN, path: '/chat/completions', target: {} };
const CANARY = 'sk-canary-0123456789';

/** Opens everything as `value`, and keeps in which context it was asked to. */
function openerOf(value: string): SecretOpener & { readonly contexts: SealContext[] } {
  const contexts: SealContext[] = [];
  return {
    contexts,
    open: (_sealed, context) => {
      contexts.push(context);
      return { reveal: () => value };
    },
  };
}

interface Call {
  readonly headers?: readonly string[];
  readonly query?: string;
  readonly route?: Route;
  readonly clientHeaders?: Readonly<Record<string, string>>;
}

function apply(opener: SecretOpener, target: Target, choice: UsableChoice, call: Call = {}): Promise<Credentialed> {
  return Promise.resolve(
    applyCredential(opener, {
      arrival: arrivalOf({ headers: call.clientHeaders ?? {} }),
      target,
      choice,
      route: call.route ?? ROUTE,
      query: call.query ?? '',
      headers: [...(call.headers ?? [])],
      body: null,
      egress: null,
    }),
  );
}

test('a stored key stands where the provider wants it, and everything that the client sent in its place stays here', async () => {
  const key = policyKey();
  const opener = openerOf(CANARY);
  const target = targetOf(
    { providerKeys: [key] },
    { credentialParameters: ['key'], credentialHeaders: ['authorization', 'x-key'] },
  );
  const { headers, query } = await apply(
    opener,
    target,
    { kind: 'stored', key },
    {
      headers: ['X-Keep', '1', 'Authorization', 'Bearer', 'AUTHORIZATION', 'x', 'x-key', ''],
      query: '?a=1&key=&%6Bey=x&b=2',
    },
  );
  expect(headers).toEqual(['X-Keep', '1', 'authorization', `Bearer ${CANARY}`]);
  expect(query).toBe('?a=1&b=2');
  expect(opener.contexts).toEqual([
    { use: 'provider-key', accountId: ACCOUNT_ID, provider: 'openai', id: key.id, origin: ORIGIN, target: '{}', version: 1 }, // prettier-ignore
  ]);
});

const made = (needsBody: boolean, seen: OutgoingCall[] = []): Partial<Target['provider']> => ({
  credential: {
    kind: 'made',
    needsBody,
    headersFor: (secret, call) => {
      seen.push(call);
      return Promise.resolve(['Authorization', `signed with ${secret.length} characters`, 'x-date', 'today']);
    },
  },
});

test('a credential that is made from the call sees the call without any credential, and its headers replace others', async () => {
  const key = policyKey();
  const seen: OutgoingCall[] = [];
  const { headers } = await apply(
    openerOf(CANARY),
    targetOf({}, made(true, seen)),
    { kind: 'stored', key },
    {
      headers: ['authorization', 'Bearer', 'X-Date', 'tomorrow', 'x-keep', '1'],
    },
  );
  expect(headers).toEqual(['x-keep', '1', 'Authorization', 'signed with 20 characters', 'x-date', 'today']);
  expect(seen).toEqual([
    {
      method: 'POST',
      route: ROUTE,
      query: '',
      headers: ['X-Date', 'tomorrow', 'x-keep', '1'],
      body: null,
      egress: null,
    },
  ]);
});

test('a whole body is needed only for a stored key whose form says so', () => {
  const choice: UsableChoice = { kind: 'stored', key: policyKey() };
  expect(needsWholeBody(targetOf({}, made(true)), choice)).toBe(true);
  expect(needsWholeBody(targetOf({}, made(false)), choice)).toBe(false);
  expect(needsWholeBody(targetOf({}, made(true)), { kind: 'client' })).toBe(false);
  expect(needsWholeBody(targetOf({}), choice)).toBe(false);
});

test("a client's own credential goes up untouched, unless its provider has another form for it", async () => {
  const clientHeaders = { authorization: 'Bearer eyJ0' };
  const headers = ['authorization', 'Bearer eyJ0'];
  expect(changesCredential(targetOf({}), { kind: 'client' })).toBe(false);
  for (const [made, expected] of [
    [null, headers],
    [
      ['authorization', 'Bearer minted'],
      ['authorization', 'Bearer minted'],
    ],
  ] as const) {
    const target = targetOf({}, { convertCredential: () => (made === null ? null : [...made]) });
    expect(changesCredential(target, { kind: 'client' })).toBe(true);
    expect((await apply(openerOf(''), target, { kind: 'client' }, { headers, clientHeaders })).headers).toEqual(
      expected,
    );
  }
});

function customTarget(sealedHeaders: string | null): Target {
  const customProvider: PolicyCustomProvider = {
    id: '01936b2e-0000-7000-8000-000000000001',
    slug: 'mine',
    baseUrl: `${ORIGIN}/v1`,
    version: 4,
    sealedHeaders,
  };
  return { ...targetOf({}, { slug: 'custom-mine' }), customProvider };
}

test("a custom provider's own headers replace the client's, and a stored key stands above both", async () => {
  const target = customTarget('c2VhbGVk');
  const own = openerOf(JSON.stringify({ Authorization: 'Bearer own', 'x-team': 'blue' }));
  const call = { headers: ['authorization', 'Bearer client', 'X-Team', 'red', 'x-keep', '1'] };
  expect(changesCredential(target, { kind: 'none' })).toBe(true);
  for (const kind of ['client', 'none'] as const) {
    expect((await apply(own, target, { kind }, call)).headers).toEqual(
      ['x-keep', '1', 'Authorization', 'Bearer own', 'x-team', 'blue'], // prettier-ignore
    );
  }
  expect(own.contexts[0]).toEqual({
    use: 'custom-provider-headers',
    accountId: ACCOUNT_ID,
    provider: 'custom-mine',
    id: '01936b2e-0000-7000-8000-000000000001',
    origin: ORIGIN,
    target: '',
    version: 4,
  });
  const both: SecretOpener = {
    open: (_sealed, { use }) => ({
      reveal: () =>
        use === 'provider-key' ? 'stored' : JSON.stringify({ Authorization: 'Bearer own', 'x-team': 'blue' }),
    }),
  };
  const key = policyKey({ provider: 'custom-mine' });
  expect((await apply(both, target, { kind: 'stored', key }, call)).headers).toEqual(
    ['x-keep', '1', 'x-team', 'blue', 'authorization', 'Bearer stored'], // prettier-ignore
  );
  expect(changesCredential(customTarget(null), { kind: 'none' })).toBe(false);
});

test("a custom provider's own headers go along with a stored key, though clients may send credentials in them", async () => {
  const provider = { slug: 'custom-mine', credentialHeaders: ['authorization', 'api-key'] };
  const target = { ...customTarget('c2VhbGVk'), provider: providerOf(provider) };
  const both: SecretOpener = {
    open: (_sealed, { use }) => ({ reveal: () => (use === 'provider-key' ? 'stored' : '{"Api-Key":"own"}') }),
  };
  const key = policyKey({ provider: 'custom-mine' });
  const call = { headers: ['authorization', 'Bearer', 'api-key', '', 'x-keep', '1'] };
  expect((await apply(both, target, { kind: 'stored', key }, call)).headers).toEqual(
    ['x-keep', '1', 'Api-Key', 'own', 'authorization', 'Bearer stored'], // prettier-ignore
  );
});
