import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Arrival, Target } from '../../../../proxy/exchange.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { HeadReading } from '../../../../proxy/head-reading.js';
import { findCustomProvider } from '../../../../proxy/providers/custom-provider.js';
import { createRegistry } from '../../../../proxy/providers/registry.js';
import { choose, type ChooseDeps } from '../../../../proxy/stages/choose.js';
import type { GatewayPolicy } from '../../../../schema/contracts/gateway-policy.js';
import { arrivalOf, KNOWN, policyKey, policyOf, STRANGER } from '../../../support/credentialed-call.js';
import { propertyRuns } from '../../../support/test-size.js';

const deps = {
  loopMark: 'tollgate',
  logBodyBytesMax: 1_000,
  vault: { open: () => ({ reveal: () => 'sk-stored-0123456789' }) },
} as unknown as ChooseDeps; // of a body that is held nothing else is asked

const registry = createRegistry(new Map(), null, { token: () => 'token' });
const [ACCOUNT, OTHER] = ['a'.repeat(32), 'b'.repeat(32)];
const cloudflare = { provider: 'workers-ai', origin: 'https://api.cloudflare.com' };
const mine = { id: '1', slug: 'mine', baseUrl: 'https://mine.example/v1', sealedHeaders: null, version: 1 };

/** What there may be of one gateway in the course of time. */
const POLICIES: readonly GatewayPolicy[] = [
  policyOf({ customProviders: [mine] }),
  policyOf({ customProviders: [{ ...mine, baseUrl: 'https://moved.example' }], settings: { byokOnly: true } }),
  policyOf({
    providerKeys: [
      policyKey({ origin: 'https://api.openai.com' }),
      policyKey({ ...cloudflare, target: { account: ACCOUNT } }),
      policyKey({ ...cloudflare, target: { account: OTHER }, alias: 'other' }),
    ],
  }),
  policyOf({ providerKeys: [policyKey({ ...cloudflare, target: { account: OTHER } })] }),
];
const SLUGS = ['openai', 'workers-ai', 'azure-openai', 'fal', 'google-ai-studio', 'custom-mine'];

function targetAt(policy: GatewayPolicy, slug: string): Target | null {
  const provider = registry.find(slug);
  if (provider !== null) return { policy, provider, customProvider: null };
  const custom = findCustomProvider(policy, slug);
  return custom === null ? null : { policy, ...custom };
}

/** The call that is made, or the code of what is thrown. */
function chosen(arrival: Arrival, target: Target, isKnown: boolean): unknown {
  try {
    return choose(deps, arrival, target, isKnown ? KNOWN : STRANGER);
  } catch (error) {
    if (error instanceof GatewayError) return error.message;
    throw error;
  }
}

const heads = fc.record({
  path: fc.constantFrom(
    '/chat/completions',
    '/v1/embeddings',
    '/@cf/model',
    '/resource/deployment/chat/completions',
    '',
  ),
  query: fc.constantFrom('', '?key=secret', '?alt=sse'),
  byokAlias: fc.constantFrom(null, null, 'other'),
  headers: fc.dictionary(
    fc.constantFrom('authorization', 'tollgate-workers-ai-account', 'x-fal-target-url', 'x-goog-api-key', 'user-agent'),
    fc.constantFrom('Bearer sk-client', ACCOUNT, 'https://queue.fal.run/some/model', ''),
  ),
});
const calls = fc.array(
  fc.record({ policy: fc.constantFrom(...POLICIES), slug: fc.constantFrom(...SLUGS), isKnown: fc.boolean() }),
);

test('what is kept of a head changes no call, whichever policies, keys and providers come one after the other', () => {
  fc.assert(
    fc.property(heads, calls, ({ path, ...parts }, all) => {
      const anew = { ...arrivalOf(parts), path, body: { kind: 'held', bytes: Buffer.from('{"model":"m"}') } } as const;
      const again = { ...anew, head: { ...anew.head, reading: new HeadReading() } };
      for (const { policy, slug, isKnown } of all) {
        const target = targetAt(policy, slug);
        if (target === null) continue;
        expect(chosen(again, target, isKnown)).toEqual(chosen(anew, target, isKnown));
      }
    }),
    propertyRuns,
  );
});
