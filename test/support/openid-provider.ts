/**
 * A real OpenID provider (`oidc-provider`) on a free port of loopback, at which whoever comes is signed in as `person`.
 */
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { listen } from '../../platform/listen.js';

export interface ProviderPerson {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

export interface TestOpenIdProvider {
  readonly issuer: string;
  /** who signs in next; null: he gives it up */
  person: ProviderPerson | null;
  stop(): Promise<void>;
}

export const OIDC_CLIENT = { clientId: 'tollgate', clientSecret: 'a secret of the client, of some length' };

/** `redirectUri`: the client's; `claimsIn`: where the provider tells the email. */
export async function startOpenIdProvider(
  redirectUri: string,
  claimsIn: 'id token' | 'userinfo' = 'id token',
): Promise<TestOpenIdProvider> {
  const server = createServer();
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'provider', variable: 'none' });
  const issuer = `http://127.0.0.1:${port}`;
  const known = new Map<string, ProviderPerson>();
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: OIDC_CLIENT.clientId,
        client_secret: OIDC_CLIENT.clientSecret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: claimsIn === 'userinfo',
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ ...known.get(sub), sub }),
    }),
    cookies: { keys: ['a key of the provider under test'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: OIDC_CLIENT.clientId,
        accountId: context.oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid email');
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void handle(request, response);
    const { person } = running;
    if (person !== null) known.set(person.sub, person);
    const result = person === null ? { error: 'access_denied' } : { login: { accountId: person.sub, remember: false } };
    return void provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  });
  const running: TestOpenIdProvider = {
    issuer,
    person: null,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}
