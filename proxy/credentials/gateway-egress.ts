/**
 * A gateway's own egress proxy: opened for each call, which costs a look-up while the vault holds it, and parsed once.
 */
import { createHash } from 'node:crypto';
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import { egressProxyContext } from '../../schema/contracts/seal-contexts.js';
import { GatewayError } from '../gateway-error.js';
import type { EgressProxy } from '../upstream/destination.js';
import type { SecretOpener } from './secret-opener.js';

/** Under what the vault gave: with it, and with the last pool that uses it, goes the URL, which holds a password. */
const parsed = new WeakMap<object, EgressProxy>();

/** Null: the instance's way out. Throws GatewayError 9006 when it cannot be opened: a call never goes another way. */
export function gatewayEgress(opener: SecretOpener, policy: GatewayPolicy): EgressProxy | null {
  const sealed = policy.egressProxySealed;
  if (sealed === null) return null;
  const { accountId, gatewayId, settings } = policy;
  const context = egressProxyContext({ accountId, gatewayId, maskedUrl: settings.egressProxyUrl ?? '' });
  const secret = opener.open(sealed, context);
  let egress = parsed.get(secret);
  if (egress === undefined) parsed.set(secret, (egress = parse(secret.reveal(), policy, sealed)));
  return egress;
}

function parse(text: string, { accountId, gatewayId }: GatewayPolicy, sealed: string): EgressProxy {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new GatewayError('unavailable', 'the egress proxy cannot be read');
  return { url, key: `${gatewayId}:${createHash('sha256').update(sealed).digest('base64url')}`, accountId };
}
