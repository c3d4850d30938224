/**
 * What stages make of a head. A client says the same head again and again on one connection, but for the length of its
 * bodies: then what was made of it the first time stands (docs/decisions/0044). So nothing in here may depend on
 * anything but the head, less `content-length`, on the connection and on how this process was started; or it says on
 * what.
 */
import type { GatewayPolicy, PolicyProviderKey } from '../schema/contracts/gateway-policy.js';
import type { DialectChoice } from './dialects/dialect-choice.js';
import type { Route, RouteRequest } from './providers/provider.js';
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

/** What a record says of it. */
export interface RecordedHead {
  /** with its query, as far as that may be logged */
  readonly path: string;
  readonly userAgent: string | null;
  readonly contentType: string | null;
}

/** What follows from it and the provider that is called, and from nothing that may change. */
export class ProviderReading {
  /** null, as all of these: it was not found out yet */
  hasClientCredential: boolean | null = null;
  dialect: DialectChoice | null = null;
  /** and the target of the stored key, if one is used, that it was made with */
  route: { readonly keyTarget: RouteRequest['keyTarget']; readonly route: Route } | null = null;

  constructor(readonly provider: object) {}
}

export class HeadReading {
  /** null, as all of these: it was not read yet */
  guarded: GuardedHead | null = null;
  recorded: RecordedHead | null = null;
  /** for the provider that was called last: an account's own is another one with each change of its policy */
  ofProvider: ProviderReading | null = null;
  /** the API token that was looked for in it last, and its hash (null: it is none) */
  token: { readonly text: string; readonly hash: string | null } | null = null;
  /** what of it goes upstream */
  upstreamHeaders: readonly string[] | null = null;
  keyFront: KeyFront | null = null;
}

/** Where is kept what follows from a head for `provider`; null: nowhere, the head is not one that may be said again. */
export function readingFor(
  { reading }: { readonly reading?: HeadReading | undefined },
  provider: object,
): ProviderReading | null {
  if (reading === undefined) return null;
  const { ofProvider } = reading;
  return ofProvider?.provider === provider ? ofProvider : (reading.ofProvider = new ProviderReading(provider));
}
