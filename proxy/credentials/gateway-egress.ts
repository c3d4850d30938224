/** A gateway's own egress proxy, opened and parsed once per policy document. */
import { createHash } from 'node:crypto';
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import { egressProxyContext } from '../../schema/contracts/seal-contexts.js';
import { GatewayError } from '../gateway-error.js';
import type { EgressProxy } from '../upstream/destination.js';
import type { SecretOpener } from './secret-opener.js';

const opened = new WeakMap<GatewayPolicy, EgressProxy>();

/** Null: the instance's way out. Throws GatewayError 9006 when it cannot be opened: a call never goes another way. */
export function gatewayEgress(opener: SecretOpener, policy: GatewayPolicy): EgressProxy | null {
  if (policy.egressProxySealed === null) return null;
  let egress = opened.get(policy);
  if (egress === undefined) opened.set(policy, (egress = openEgress(opener, policy, policy.egressProxySealed)));
  return egress;
}

function openEgress(opener: SecretOpener, policy: GatewayPolicy, sealed: string): EgressProxy {
  const context = egressProxyContext({
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    maskedUrl: policy.settings.egressProxyUrl ?? '',
  });
  const text = opener.open(sealed, context).reveal();
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new GatewayError('unavailable', 'the egress proxy cannot be read');
  return { url, key: `${policy.gatewayId}:${createHash('sha256').update(sealed).digest('base64url')}` };
}
