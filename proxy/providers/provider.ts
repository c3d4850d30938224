/** A provider: who is called. What is spoken is the dialect's affair. */

export interface Provider {
  readonly slug: string;
  /** scheme, host and port; the only origin that this provider's traffic goes to */
  readonly origin: string;
  /** the upstream path for a client's provider path; both begin with `/` */
  upstreamPath(path: string): string;
  /** lowercase headers in which this provider's credential may stand */
  readonly credentialHeaders: readonly string[];
}
