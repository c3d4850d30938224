/**
 * What stages make of a head. A client says the same head again and again on one connection, but for the length of its
 * bodies: then what was made of it the first time stands (docs/decisions/0044). So nothing in here may depend on anything
 * but the head, less `content-length`, on the connection and on how this process was started; or it says on what.
 */
import type { GatewayPolicy, PolicyProviderKey } from '../schema/contracts/gateway-policy.js';
import type { RequestOptions } from './request-options.js';

/** What the guard reads. */
export interface GuardedHead {
  readonly method: string;
  /** the URL's account segment: a tag or a name */
  readonly accountKey: string;
  readonly gatewayName: string;
  /** empty for a universal request, whose steps name providers */
  readonly providerSlug: string;
  /** the provider's own path as the client wrote it, beginning with `/`; empty on the bare base */
  readonly path: string;
  /** the query with its `?`, or empty */
  readonly query: string;
  readonly options: RequestOptions;
  readonly clientIp: string | null;
}

/** The front of its cache key, and what that was made of besides the head: of another of these it is another front. */
export interface KeyFront {
  readonly policy: GatewayPolicy;
  readonly storedKey: PolicyProviderKey | null;
  readonly headers: readonly string[];
  readonly path: string;
  readonly origin: string;
  readonly streamKind: string;
  readonly text: string;
}

export class HeadReading {
  /** null, as all of these: it was not read yet */
  guarded: GuardedHead | null = null;
  /** the API token that was looked for in it last, and its hash (null: it is none) */
  token: { readonly text: string; readonly hash: string | null } | null = null;
  /** what of it goes upstream */
  upstreamHeaders: readonly string[] | null = null;
  keyFront: KeyFront | null = null;
}
