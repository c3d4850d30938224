/**
 * Google Vertex AI: a host per location (Vertex AI docs, "Locations"; Google's and Anthropic's SDKs agree, 2026-11-24).
 * Its credential is an access token; of a service account's key, stored or sent along, the gateway makes one.
 */
import type { GoogleTokens } from '../credentials/google-oauth.js';
import { credentialJsonIn } from '../credentials/service-account.js';
import { GatewayError } from '../gateway-error.js';
import type { OutgoingCall, Provider } from './provider.js';
import { targetValue } from './target-value.js';
import { upstreamBase } from './upstream-base.js';

const PROJECT_PATH = /^\/v1(?:beta1)?\/projects\/([^/]+)\/locations\/([^/]+)\/./;
/** Without project or location: express mode, on the global host, with an API key of the client's. */
const EXPRESS_PATH = /^\/v1(?:beta1)?\/publishers\/./;
/** Locations of several regions have hosts of their own. */
const MULTI_REGIONS = new Set(['us', 'eu']);
const MULTI_REGION_BASE = 'https://aiplatform.{region}.rep.googleapis.com';

/** What makes the provider of its row; see the registry. */
export function googleVertexAi(
  tokens: Pick<GoogleTokens, 'token'>,
): (row: { readonly base: string }, override: string | null) => Provider {
  return (row, override) => vertexProvider(tokens, row.base, override);
}

function vertexProvider(tokens: Pick<GoogleTokens, 'token'>, base: string, override: string | null): Provider {
  const regional = upstreamBase(override ?? base);
  const multiRegional = upstreamBase(override ?? MULTI_REGION_BASE);
  return {
    slug: 'google-vertex-ai',
    credentialHeaders: ['authorization', 'x-goog-api-key'],
    credentialParameters: ['key', 'access_token'],
    credential: {
      kind: 'made',
      needsBody: false,
      headersFor(secret, call) {
        const json = credentialJsonIn(secret.trim());
        return json === null ? bearer(secret) : withToken(tokens, json, call);
      },
    },
    convertCredential(value, call) {
      const json = credentialJsonIn(value.replace(/^Bearer +/i, ''));
      return json === null ? null : withToken(tokens, json, call);
    },
    route({ path }) {
      const target = targetOf(path);
      const filled = (MULTI_REGIONS.has(target.region) ? multiRegional : regional).filled(target);
      const keyOrigin = regional.filled(target).origin;
      return { origin: filled.origin, keyOrigin, path: filled.path + path, target };
    },
  };
}

/** Throws GatewayError 9002. A project that no stored key can name is empty: then there is no key for it. */
function targetOf(path: string): { readonly project: string; readonly region: string } {
  const [, project, location] = PROJECT_PATH.exec(path) ?? [];
  const region = targetValue(location ?? '');
  if (project !== undefined && region !== null) return { project: targetValue(project) ?? '', region };
  if (EXPRESS_PATH.test(path)) return { project: '', region: 'global' };
  throw new GatewayError('badRequest', 'the path must be /v1/projects/{project}/locations/{location}/…');
}

const bearer = (token: string): string[] => ['authorization', `Bearer ${token}`];

function withToken(
  tokens: Pick<GoogleTokens, 'token'>,
  json: string,
  call: OutgoingCall,
): string[] | Promise<string[]> {
  const token = tokens.token(json, call.egress);
  return typeof token === 'string' ? bearer(token) : token.then(bearer);
}
