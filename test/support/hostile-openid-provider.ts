/** An OpenID provider that answers what a test tells it to: what a client must refuse can be said here. */
import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../../platform/listen.js';

/** What it tells otherwise than an honest one. */
export interface Lie {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** of the token's head */
  readonly alg?: string;
  readonly isForeignKey?: boolean;
  readonly isUnsigned?: boolean;
}

export interface HostileOpenIdProvider {
  readonly issuer: string;
  lie: Lie;
  /** the nonce that the last sign-in asked for */
  nonce: string;
  /** PKCE's, of the sign-in that its code is for; null: it looks at no verifier, as some providers do */
  challenge: string | null;
  stop(): Promise<void>;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(lie: Lie, claims: object, keys: { readonly own: KeyObject; readonly foreign: KeyObject }): string {
  const head = part({ alg: lie.alg ?? 'RS256', kid: 'one', typ: 'JWT' });
  const body = part({ ...claims, ...lie.claims });
  if (lie.isUnsigned === true) return `${head}.${body}.`;
  const signature = createSign('RSA-SHA256').update(`${head}.${body}`);
  return `${head}.${body}.${signature.sign(lie.isForeignKey === true ? keys.foreign : keys.own, 'base64url')}`;
}

export async function startHostileOpenIdProvider(clientId: string): Promise<HostileOpenIdProvider> {
  const [own, foreign] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2_048 }));
  if (own === undefined || foreign === undefined) throw new Error('two keys were to be made');
  const server = createServer();
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'provider', variable: 'none' });
  const issuer = `http://127.0.0.1:${port}`;
  const running: HostileOpenIdProvider = {
    issuer,
    lie: {},
    nonce: '',
    challenge: null,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const answerOf = (url: string, body: string): object | null => {
    if (url === '/jwks')
      return { keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] };
    if (url === '/token') {
      const verifier = new URLSearchParams(body).get('code_verifier') ?? '';
      const challenge = createHash('sha256').update(verifier).digest('base64url');
      if (running.challenge !== null && running.challenge !== challenge) return null;
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const claims = {
        iss: issuer,
        aud: clientId,
        sub: 'somebody',
        email: 'somebody@example.com',
        email_verified: true,
        nonce: running.nonce,
        iat: nowSeconds,
        exp: nowSeconds + 60,
      };
      const keys = { own: own.privateKey, foreign: foreign.privateKey };
      return { access_token: 'a', token_type: 'Bearer', id_token: token(running.lie, claims, keys) };
    }
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
  };
  server.on('request', (request, response) => {
    void text(request).then((body) => {
      const answer = answerOf(request.url ?? '', body);
      response.writeHead(answer === null ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }));
    });
  });
  return running;
}
