/**
 * Choose: turns an authenticated request into one upstream call: reads the body, understands as much of it as the
 * gateway needs, and decides path, headers, bytes, time limit and what will be kept of it.
 */
import { DEFAULT_REQUEST_TIMEOUT_MS } from '../limits.js';
import type { Dialect, RequestFacts } from '../dialects/dialect.js';
import { selectDialect } from '../dialects/select-dialect.js';
import { spliceIncludeUsage } from '../dialects/stream-usage-option.js';
import type { Arrival, Caller, Target, UpstreamCall } from '../exchange.js';
import { readRequestBody, type RequestBody } from '../request-body.js';
import { upstreamHeaders, upstreamQuery } from '../upstream/headers.js';

export interface ChooseDeps {
  readonly bodyBytesMax: number;
  readonly logBodyBytesMax: number;
}

/** Throws GatewayError 9004 (body too large) or ClientLeft. */
export async function choose(
  deps: ChooseDeps,
  arrival: Arrival,
  target: Target,
  caller: Caller,
): Promise<UpstreamCall> {
  const { provider, policy } = target;
  const { settings } = policy;
  const { dialect, isBillable } = selectDialect(provider.slug, arrival.method, arrival.path);
  const body = await readRequestBody(arrival.request, deps.bodyBytesMax);
  const held = body.kind === 'held' && body.bytes.length > 0 ? body.bytes : null;
  const parsed = dialect === null || held === null ? null : parseJson(held);
  const facts = dialect === null ? null : dialect.readRequest(parsed, arrival.path);
  const spliced = held !== null && settings.injectStreamUsage ? splice(dialect, facts, held, parsed) : null;
  const { options } = arrival;
  const route = provider.route({ path: arrival.path, headers: arrival.request.rawHeaders, keyTarget: null });
  return {
    target,
    caller,
    destination: { origin: route.origin, accountId: null, egress: null },
    path: route.path + upstreamQuery(arrival.query),
    headers: headersFor(arrival, body, spliced !== null),
    body: spliced ?? held,
    bodyStream: body.kind === 'streamed' ? body.stream : null,
    streamed: body.kind === 'streamed' ? body.passed : null,
    timeoutMs: options.requestTimeoutMs ?? settings.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    originalBody: body.kind === 'held' ? held : body.head,
    dialect,
    isBillable,
    facts,
    isStreamUsageInjected: spliced !== null,
    isLog: options.collectLog ?? settings.collectLogs,
    collectsPayload: options.collectLogPayload ?? settings.collectLogPayload,
    logBodyBytesMax: deps.logBodyBytesMax,
  };
}

/** JSON, or null: a body that is not JSON goes upstream as it is, and the provider says what it thinks of it. */
function parseJson(bytes: Buffer): unknown {
  const first = bytes[0];
  if (first !== 123 && first !== 91 && first !== 32 && first !== 10 && first !== 13 && first !== 9) return null;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function splice(dialect: Dialect | null, facts: RequestFacts | null, held: Buffer, parsed: unknown): Buffer | null {
  if (dialect === null || !dialect.takesStreamUsageOption || facts === null || !facts.isStreaming) return null;
  return spliceIncludeUsage(held, parsed);
}

function headersFor(arrival: Arrival, body: RequestBody, isIdentityWanted: boolean): string[] {
  const headers = upstreamHeaders(arrival.request.rawHeaders, { isIdentityWanted });
  // A held body's length is counted by the client library; a streamed one keeps the length that was announced.
  if (body.kind === 'streamed' && body.length !== null) headers.push('content-length', body.length);
  return headers;
}
