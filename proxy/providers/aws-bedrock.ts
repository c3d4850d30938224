/**
 * AWS Bedrock: a host per region and service. `/bedrock-runtime/{region}/…` is the runtime (invoke, converse, their
 * streams, its OpenAI-compatible paths), `/bedrock-mantle/{region}/…` the newer engine with the Anthropic and OpenAI
 * APIs (hosts: AWS General Reference, "Amazon Bedrock endpoints", and the Bedrock user guide, "bedrock-mantle";
 * 2026-11-24).
 *
 * A stored key is an AWS access key, with which the gateway signs, or a Bedrock API key. What a client signed itself
 * goes on untouched, byte for byte: it signed path, query, headers and body for AWS's host, which is the `host` we
 * send.
 */
import { z } from 'zod';
import { GatewayError } from '../gateway-error.js';
import { amzDate, authorization, sha256Hex } from '../credentials/sigv4.js';
import type { OutgoingCall, Provider, Route } from './provider.js';
import { targetValue } from './target-value.js';
import { upstreamBase } from './upstream-base.js';

const MANTLE_BASE = 'https://bedrock-mantle.{region}.api.aws';
const PATH = /^\/(bedrock-runtime|bedrock-mantle)\/([^/]+)(\/.+)$/;
const ANTHROPIC_PATHS = '/anthropic/';

/** The name that signatures are made for: IAM's prefix of the service, which the runtime's host does not show. */
const SIGNING_NAMES = { 'bedrock-runtime': 'bedrock', 'bedrock-mantle': 'bedrock-mantle' } as const;
type Service = keyof typeof SIGNING_NAMES;

/** A route that says which service is there: with `PROVIDER_ORIGINS`, both may have one host. */
interface BedrockRoute extends Route {
  readonly service: Service;
  /** whether it is Anthropic's API, which takes a Bedrock API key as Anthropic's own takes its keys */
  readonly isAnthropic: boolean;
}

/** What a stored key holds when it is an AWS access key (cloudflare-wire §6.3); its `region` stands in the target. */
const accessKeySchema = z.object({
  accessKeyId: z.string().min(1),
  secretAccessKey: z.string().min(1),
  sessionToken: z.string().min(1).nullish(),
});

type AccessKey = z.infer<typeof accessKeySchema>;

/** `now`: Unix ms, what signatures are dated with. */
export function awsBedrock(row: { readonly base: string }, override: string | null, now = Date.now): Provider {
  const runtime = upstreamBase(override ?? row.base);
  const bases = { 'bedrock-runtime': runtime, 'bedrock-mantle': upstreamBase(override ?? MANTLE_BASE) };
  const route = (path: string): BedrockRoute => {
    const [, service, region, ownPath = ''] = PATH.exec(path) ?? [];
    const target = { region: targetValue(region ?? '') ?? '' };
    if (!isService(service) || target.region === '')
      throw new GatewayError(
        'badRequest',
        'the path must be /bedrock-runtime/{region}/… or /bedrock-mantle/{region}/…',
      );
    const { origin, path: basePath } = bases[service].filled(target);
    const keyOrigin = runtime.filled(target).origin;
    const isAnthropic = service === 'bedrock-mantle' && ownPath.startsWith(ANTHROPIC_PATHS);
    return { origin, keyOrigin, path: basePath + ownPath, target, service, isAnthropic };
  };
  return {
    slug: 'aws-bedrock',
    credentialHeaders: ['authorization', 'x-api-key', 'x-amz-security-token'],
    // of a presigned URL
    credentialParameters: [
      'X-Amz-Algorithm',
      'X-Amz-Credential',
      'X-Amz-Date',
      'X-Amz-Expires',
      'X-Amz-Security-Token',
      'X-Amz-Signature',
      'X-Amz-SignedHeaders',
    ],
    credential: {
      kind: 'made',
      needsBody: true,
      headersFor: (secret, call) => {
        const accessKey = accessKeyIn(secret);
        return accessKey === null ? apiKeyHeaders(secret, call.route) : signedHeaders(accessKey, call, now());
      },
    },
    convertCredential(value, call) {
      const key = /^Bearer +(\S+)$/i.exec(value)?.[1];
      return key === undefined || !bedrockRoute(call.route).isAnthropic ? null : apiKeyHeaders(key, call.route);
    },
    route: ({ path }) => route(path),
  };
}

const isService = (name: string | undefined): name is Service => name !== undefined && name in SIGNING_NAMES;

/** Every route that is handed to this provider came from it. */
function bedrockRoute(route: Route): BedrockRoute {
  if (isBedrockRoute(route)) return route;
  throw new Error('a route of Bedrock must come from its provider');
}

const isBedrockRoute = (route: Route): route is BedrockRoute => 'service' in route && 'isAnthropic' in route;

/**
 * Bearer everywhere (Bedrock user guide, "Use an Amazon Bedrock API key"), but on Anthropic's paths (cloudflare-wire
 * §11).
 */
function apiKeyHeaders(key: string, route: Route): string[] {
  return bedrockRoute(route).isAnthropic ? ['x-api-key', key] : ['authorization', `Bearer ${key}`];
}

/** Null: it is no JSON, so it is a Bedrock API key. Throws GatewayError 2040 for JSON of another shape. */
function accessKeyIn(secret: string): AccessKey | null {
  if (!secret.trimStart().startsWith('{')) return null;
  const parsed = accessKeySchema.safeParse(jsonOf(secret));
  if (parsed.success) return parsed.data;
  throw new GatewayError(
    'noProviderKey',
    "A provider key of 'aws-bedrock' is a Bedrock API key, or JSON with accessKeyId, secretAccessKey and, if temporary, sessionToken",
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The headers that a signature adds. Signed are `host`, `content-type` and whatever AWS reads as its own; a header that
 * something on the way may rewrite is not (bedrock-mantle drops names with an underscore before it verifies).
 */
function signedHeaders(accessKey: AccessKey, call: OutgoingCall, atMs: number): string[] {
  const bodyHash = sha256Hex(call.body ?? '');
  const added = ['x-amz-date', amzDate(atMs), 'x-amz-content-sha256', bodyHash];
  const { sessionToken } = accessKey;
  if (typeof sessionToken === 'string') added.push('x-amz-security-token', sessionToken);
  const { origin, path, target, service } = bedrockRoute(call.route);
  const headers = ['host', new URL(origin).host, ...signedOf(call.headers), ...added];
  const scope = { region: target['region'] ?? '', service: SIGNING_NAMES[service], atMs };
  const request = { method: call.method, path, query: call.query, headers, bodyHash };
  return [...added, 'authorization', authorization(accessKey, scope, request)];
}

/** Those of the client's headers that are signed along; ours stand in the place of its date and hash. */
function signedOf(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    const isOurs = name === 'x-amz-date' || name === 'x-amz-content-sha256';
    if (!isOurs && (name === 'content-type' || name.startsWith('x-amz-'))) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}
