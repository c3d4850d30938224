/**
 * What each kind of stored secret is bound to. The tier that seals, the tier that opens and the command that rotates
 * make the context here, from columns that all of them read, so that they cannot disagree.
 */
import type { SealContext } from './sealed-secret.js';

/** A stored credential of a provider; `origin` as it was computed when it was stored. */
export function providerKeyContext(key: {
  readonly accountId: string;
  readonly provider: string;
  readonly id: string;
  readonly origin: string;
  readonly version: number;
}): SealContext {
  const { accountId, provider, id, origin, version } = key;
  return { use: 'provider-key', accountId, provider, id, origin, version };
}

/** The headers of a custom provider; another base URL of the same origin leaves them as they are. */
export function customHeadersContext(custom: {
  readonly accountId: string;
  readonly slug: string;
  readonly id: string;
  readonly baseUrl: string;
  readonly version: number;
}): SealContext {
  const { accountId, slug, id, baseUrl, version } = custom;
  const origin = originText(baseUrl);
  return { use: 'custom-provider-headers', accountId, provider: `custom-${slug}`, id, origin, version };
}

/** A gateway's egress proxy URL; `maskedUrl` is what its settings show, of the same origin as the sealed one. */
export function egressProxyContext(egress: {
  readonly accountId: string;
  readonly gatewayId: string;
  readonly maskedUrl: string;
}): SealContext {
  const { accountId, gatewayId, maskedUrl } = egress;
  return { use: 'egress-proxy', accountId, provider: '', id: gatewayId, origin: originText(maskedUrl), version: 1 };
}

/** Unlike `URL.origin` it says something for `socks5:` too; no URL at all has no origin, and opens nothing. */
function originText(url: string): string {
  if (!URL.canParse(url)) return '';
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
