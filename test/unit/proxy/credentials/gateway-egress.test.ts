import { expect, test } from '@jest/globals';
import { gatewayEgress } from '../../../../proxy/credentials/gateway-egress.js';
import type { SecretOpener } from '../../../../proxy/credentials/secret-opener.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import type { GatewayPolicy } from '../../../../schema/contracts/gateway-policy.js';
import type { SealContext } from '../../../../schema/contracts/sealed-secret.js';
import { ACCOUNT_ID, policyOf } from '../../../support/credentialed-call.js';

const WHOLE = 'socks5://me:canary@proxy.example:1080';

function policy(sealed: string | null): GatewayPolicy {
  return policyOf({ egressProxySealed: sealed, settings: { egressProxyUrl: 'socks5://me:***@proxy.example:1080' } });
}

/** Gives one and the same secret until `forget`, as the vault does within a minute. */
function counting(value: string): SecretOpener & { readonly contexts: SealContext[]; forget(): void } {
  const contexts: SealContext[] = [];
  let secret = { reveal: () => value };
  return {
    contexts,
    open: (_sealed, context) => (contexts.push(context), secret),
    forget: () => void (secret = { reveal: () => value }),
  };
}

test('a gateway without an egress proxy of its own opens nothing', () => {
  const opener = counting(WHOLE);
  expect(gatewayEgress(opener, policy(null))).toBeNull();
  expect(opener.contexts).toEqual([]);
});

test('the whole URL is bound to the gateway and to the origin that it shows', () => {
  const opener = counting(WHOLE);
  const document = policy('c2VhbGVk');
  expect(gatewayEgress(opener, document)?.url.href).toBe(WHOLE);
  expect(opener.contexts).toEqual([
    {
      use: 'egress-proxy',
      accountId: ACCOUNT_ID,
      provider: '',
      id: document.gatewayId,
      origin: 'socks5://proxy.example:1080',
      target: '',
      version: 1,
    },
  ]);
});

test('it is the same while the vault holds the URL, and is made anew afterwards under the same key', () => {
  const opener = counting(WHOLE);
  const document = policy('c2VhbGVk');
  const first = gatewayEgress(opener, document);
  expect(gatewayEgress(opener, { ...document, revision: 2 })).toBe(first);
  opener.forget();
  const second = gatewayEgress(opener, document);
  expect(second).not.toBe(first);
  expect(second?.key).toBe(first?.key);
});

test('its key tells gateways and sealed values apart and holds nothing of the URL', () => {
  const document = policy('c2VhbGVk');
  const keys = [document, { ...document, egressProxySealed: 'b3RoZXI=' }, policy('c2VhbGVk')].map(
    (each) => gatewayEgress(counting(WHOLE), each)?.key,
  );
  expect(new Set(keys).size).toBe(3);
  expect(keys.join()).not.toMatch(/canary|proxy\.example/);
});

test('an egress proxy that cannot be opened or read is 9006, never another way out', () => {
  const failing: SecretOpener = {
    open: () => {
      throw new GatewayError('unavailable', 'the vault does not answer');
    },
  };
  for (const opener of [failing, counting('no URL')]) {
    expect(() => gatewayEgress(opener, policy('c2VhbGVk'))).toThrow(GatewayError);
  }
});
