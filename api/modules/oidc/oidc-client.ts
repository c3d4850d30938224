/**
 * The OpenID provider of the instance, as its client: authorization code with PKCE, state and nonce. What comes back is
 * checked by `openid-client` (issuer, audience, times, nonce, and the signature, which it would leave to TLS
 * otherwise).
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  AuthorizationResponseError,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  type ClientAuth,
  type Configuration,
} from 'openid-client';
import { z } from 'zod';
import { forbidden } from '../../errors.js';

/** Of one request to the provider. */
const TIMEOUT_SECONDS = 10;
/** How long what the provider says of itself is believed. */
const METADATA_MS = 3_600_000;
const SCOPE = 'openid email';

export interface OidcOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Secrets of one sign-in on its way: they wait in the browser's cookie. */
export interface OidcChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Whom the provider has signed in. */
export interface OidcClaims {
  readonly issuer: string;
  readonly subject: string;
  /** as the provider writes it; null: it did not tell */
  readonly email: string | null;
  /** whether the provider has seen that it is his */
  readonly isEmailVerified: boolean;
}

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1),
  email: z.string().optional(),
  // exactly true: some providers write texts, and "false" would be one
  email_verified: z.unknown().optional(),
});

export class OidcClient {
  private known: Promise<Configuration> | null = null;
  private knownUntilMs = 0;

  constructor(
    private readonly options: OidcOptions,
    /** where the provider sends the browser back to */
    private readonly redirectUri: string,
  ) {}

  /** Where the browser goes to. Throws when the provider cannot be asked. */
  async authorizationUrl({ state, nonce, codeVerifier }: OidcChecks): Promise<URL> {
    return buildAuthorizationUrl(await this.configuration(), {
      redirect_uri: this.redirectUri,
      scope: SCOPE,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
  }

  /** Who comes back. `search` is the query of the URL that he came back by. Throws whatever is wrong with it. */
  async claims(search: string, { state, nonce, codeVerifier }: OidcChecks): Promise<OidcClaims> {
    const configuration = await this.configuration();
    const tokens = await authorizationCodeGrant(configuration, new URL(`${this.redirectUri}${search}`), {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    }).catch((error: unknown) => {
      // The state was right: the provider itself says that he did not sign in, or gave it up.
      throw error instanceof AuthorizationResponseError ? forbidden('The OpenID provider did not sign you in.') : error;
    });
    const claims = claimsSchema.parse(tokens.claims());
    if (claims.email !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined) {
      return known(claims, claims);
    }
    return known(claims, await fetchUserInfo(configuration, tokens.access_token, claims.sub));
  }

  private configuration(): Promise<Configuration> {
    if (this.known !== null && Date.now() < this.knownUntilMs) return this.known;
    this.knownUntilMs = Date.now() + METADATA_MS;
    const asked = this.discover();
    this.known = asked;
    asked.catch(() => (this.known = null)); // it is asked again next time
    return asked;
  }

  private async discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.options;
    const url = new URL(issuer);
    // The configuration has made sure that plain http stays on this machine.
    const execute =
      url.protocol === 'http:' ? [allowInsecureRequests, enableNonRepudiationChecks] : [enableNonRepudiationChecks];
    return discovery(url, clientId, undefined, secretOf(clientSecret), { execute, timeout: TIMEOUT_SECONDS });
  }
}

/** In the form that the provider takes; Basic is the one that a provider takes that says nothing of it. */
function secretOf(clientSecret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(clientSecret), ClientSecretPost(clientSecret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const auth = methods.includes('client_secret_basic') ? basic : post;
    auth(server, client, body, headers);
  };
}

const known = (
  { iss, sub }: z.infer<typeof claimsSchema>,
  about: { readonly email?: string | undefined; readonly email_verified?: unknown },
): OidcClaims => ({
  issuer: iss,
  subject: sub,
  email: about.email ?? null,
  isEmailVerified: about.email_verified === true,
});
