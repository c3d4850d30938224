/**
 * A provider: who is called, where its API lives, and how a credential reaches it. What is spoken is the dialect's
 * affair.
 */
import type { EgressProxy } from '../upstream/destination.js';

/** What of a request decides where it goes. */
export interface RouteRequest {
  /** the provider's own path as the client wrote it, beginning with `/`, or empty */
  readonly path: string;
  /** the request's headers, a flat name/value list */
  readonly headers: readonly string[];
  /** the target of the stored key that will be used; null: none is */
  readonly keyTarget: Readonly<Record<string, string>> | null;
}

/** Where one request goes. */
export interface Route {
  /** scheme, host and port: the only place that this call's bytes are sent to */
  readonly origin: string;
  /**
   * The origin that a stored key has to be bound to. It is `origin`, but for a provider that its table row gives
   * several hosts of its own (a host per Baseten model): there it is the origin of the row's base.
   */
  readonly keyOrigin: string;
  /** without the query; begins with `/` */
  readonly path: string;
  /** with its `?`, or empty: goes upstream in place of the client's; absent: the client's does */
  readonly query?: string;
  /** what the route was filled with, field by field of the provider's target; a stored key has to name the same */
  readonly target: Readonly<Record<string, string>>;
}

/** A call as it is about to leave, for credentials that depend on it (signatures). */
export interface OutgoingCall {
  readonly method: string;
  readonly route: Route;
  /** with its `?`, or empty */
  readonly query: string;
  /** flat name/value list, without any credential */
  readonly headers: readonly string[];
  /** null: absent or streamed */
  readonly body: Uint8Array | null;
  /** the gateway's own way out, which a call made for the sake of the credential takes too; null: the instance's */
  readonly egress: EgressProxy | null;
}

/** How a provider's secret becomes request headers. */
export type CredentialForm =
  /** `name: prefix + secret` */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  /** headers (flat name/value list) that are made from the secret and the call; a rejection is a GatewayError */
  | {
      readonly kind: 'made';
      /** the whole body is needed to make them: a body too large to hold is refused */
      readonly needsBody: boolean;
      headersFor(secret: string, call: OutgoingCall): string[] | Promise<string[]>;
    };

export interface Provider {
  readonly slug: string;
  /** lowercase headers in which the client's own credential may stand; replaced when a stored key is used */
  readonly credentialHeaders: readonly string[];
  /** query parameters in which it may stand; likewise */
  readonly credentialParameters: readonly string[];
  readonly credential: CredentialForm;
  /**
   * lowercase: a header in which a client may write the whole URL that it means; a call of the bare base is then no
   * probe
   */
  readonly addressHeader?: string;
  /**
   * Only where the client's own credential may be something that the provider does not take as it is. `value` is that
   * of the first of `credentialHeaders` that holds one. Gives the headers (flat name/value list) to send in its place;
   * null: it goes upstream untouched.
   */
  readonly convertCredential?: (value: string, call: OutgoingCall) => string[] | Promise<string[]> | null;
  /** Throws GatewayError: 9001 or 9002 when the path or a header does not say where to. */
  route(request: RouteRequest): Route;
}
