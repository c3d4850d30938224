/**
 * What stages make of a head. A client says the same head again and again on one connection, but for the length of its
 * bodies: then what was made of it the first time stands (docs/decisions/0044). So nothing in here may depend on anything
 * but the head, less `content-length`, on the connection and on how this process was started.
 */
import type { RequestOptions } from './request-options.js';

/** What the guard reads. */
export interface GuardedHead {
  readonly method: string;
  readonly accountKey: string;
  readonly gatewayName: string;
  readonly providerSlug: string;
  readonly path: string;
  readonly query: string;
  readonly options: RequestOptions;
  readonly clientIp: string | null;
}

export class HeadReading {
  /** null, as all of these: it was not read yet */
  guarded: GuardedHead | null = null;
  /** the API token that was looked for in it last, and its hash (null: it is none) */
  token: { readonly text: string; readonly hash: string | null } | null = null;
  /** what of it goes upstream */
  upstreamHeaders: readonly string[] | null = null;
}
