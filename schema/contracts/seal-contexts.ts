/**
 * What each kind of stored secret is bound to. The tier that seals, the tier that opens and the command that rotates
 * make the context here, from columns that all of them read, so that they cannot disagree.
 */
import type { SealContext } from './sealed-secret.js';

/** A stored credential of a provider; `origin` as it was computed when it was stored, with every field of `target`. */
export function providerKeyContext(key: {
  readonly accountId: string;
  readonly provider: string;
  readonly id: string;
  readonly origin: string;
  readonly target: Readonly<Record<string, string>>;
  readonly version: number;
}): SealContext {
  const { accountId, provider, id, origin, target, version } = key;
  return { use: 'provider-key', accountId, provider, id, origin, target: targetText(target), version };
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
  return { use: 'custom-provider-headers', accountId, provider: `custom-${slug}`, id, origin, target: '', version };
}

/** A gateway's egress proxy URL; `maskedUrl` is what its settings show, of the same origin as the sealed one. */
export function egressProxyContext(egress: {
  readonly accountId: string;
  readonly gatewayId: string;
  readonly maskedUrl: string;
}): SealContext {
  const { accountId, gatewayId, maskedUrl } = egress;
  const origin = originText(maskedUrl);
  return { use: 'egress-proxy', accountId, provider: '', id: gatewayId, origin, target: '', version: 1 };
}

/** One text for one target: PostgreSQL's `jsonb` gives a target's fields back in an order of its own. */
function targetText(target: Readonly<Record<string, string>>): string {
  const fields = Object.keys(target);
  // An array as JSON's second parameter is the list, and the order, of what is written.
  return fields.length === 0 ? '{}' : JSON.stringify(target, fields.sort());
}

/** Unlike `URL.origin` it says something for `socks5:` too; no URL at all has no origin, and opens nothing. */
function originText(url: string): string {
  if (!URL.canParse(url)) return '';
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
