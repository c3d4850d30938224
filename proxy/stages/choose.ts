/**
 * Choose: turns an authenticated request into one upstream call: reads the body, understands as much of it as the
 * gateway needs, and decides path, headers, bytes, time limit and what will be kept of it.
 */
import { DEFAULT_REQUEST_TIMEOUT_MS, HELD_BYTES_MAX } from '../request-bounds.js';
import { applyCredential, changesCredential, needsWholeBody } from '../credentials/apply-credential.js';
import { gatewayEgress } from '../credentials/gateway-egress.js';
import { assertBound } from '../credentials/key-binding.js';
import type { SecretOpener } from '../credentials/secret-opener.js';
import { selectCredential, type UsableChoice } from '../credentials/select-credential.js';
import type { Dialect, RequestFacts } from '../dialects/dialect.js';
import { formFields } from '../dialects/form-fields.js';
import type { DialectChoice } from '../dialects/dialect-choice.js';
import { selectDialect } from '../dialects/select-dialect.js';
import { spliceIncludeUsage } from '../dialects/stream-usage-option.js';
import { retryRule, type RetryRule } from '../attempts/retry-rule.js';
import type { Arrival, Caller, Target, UpstreamCall } from '../exchange.js';
import { headerOf } from '../header-list.js';
import { readingFor } from '../head-reading.js';
import type { HeldBodies } from '../held-bodies.js';
import type { Provider, Route, RouteRequest } from '../providers/provider.js';
import { guardJson } from '../json-guard.js';
import { readRequestBody, type RequestBody, type RequestBodyDeps } from '../request-body.js';
import type { Destination, EgressProxy } from '../upstream/destination.js';
import { upstreamHeaders, type UpstreamHeaderOptions } from '../upstream/headers.js';
import { upstreamQuery } from '../upstream/query.js';

export interface ChooseDeps extends RequestBodyDeps {
  readonly logBodyBytesMax: number;
  /** this instance's mark in `CDN-Loop` */
  readonly loopMark: string;
  readonly vault: SecretOpener;
  readonly heldBodies: HeldBodies;
}

/**
 * Throws GatewayError 2009 or 2040 (no credential for this caller, or none for this route), 9001 or 9002 (the request
 * does not say where to), 9004 (body too large), 9006 (cannot be known or held now), 2005 (no access token can be asked
 * for), or ClientLeft. A promise only when the body is not whole yet, or a credential has to be asked for.
 */
export function choose(
  deps: ChooseDeps,
  arrival: Arrival,
  target: Target,
  caller: Caller,
): UpstreamCall | Promise<UpstreamCall> {
  const { provider, policy } = target;
  const choice = selectCredential(arrival, target, caller);
  if (choice.kind === 'refused') throw choice.error;
  const route = routeFor(arrival, target, choice);
  const egress = gatewayEgress(deps.vault, policy);
  const { dialect, isBillable } = dialectFor(arrival, provider);
  const hold =
    arrival.body === null && needsWholeBody(target, choice) ? deps.heldBodies.holdFor(arrival.response) : null;
  const chosen = { target, caller, choice, route, egress, dialect, isBillable };
  const body = arrival.body ?? readRequestBody(deps, arrival.request, hold);
  return body instanceof Promise
    ? body.then((read) => callWith(deps, arrival, chosen, read))
    : callWith(deps, arrival, chosen, body);
}

/** What is decided before the body is read. */
interface Chosen extends DialectChoice {
  readonly target: Target;
  readonly caller: Caller;
  readonly choice: UsableChoice;
  readonly route: Route;
  readonly egress: EgressProxy | null;
}

function callWith(
  deps: ChooseDeps,
  arrival: Arrival,
  chosen: Chosen,
  body: RequestBody,
): UpstreamCall | Promise<UpstreamCall> {
  const { target, choice, route, egress } = chosen;
  const understood = understand(body, arrival, chosen.dialect, target);
  const { held, spliced } = understood;
  const headers = headersFor(arrival, body, { isIdentityWanted: spliced !== null, loopMark: deps.loopMark });
  const query = upstreamQuery(route.query ?? arrival.query);
  const parts = { chosen, body, understood, logBodyBytesMax: deps.logBodyBytesMax };
  if (!changesCredential(target, choice)) return upstreamCall(arrival, parts, headers, query);
  const unsigned = { arrival, target, choice, route, query, headers, body: spliced ?? held, egress };
  const signed = applyCredential(deps.vault, unsigned);
  return signed instanceof Promise
    ? signed.then((made) => upstreamCall(arrival, parts, made.headers, made.query))
    : upstreamCall(arrival, parts, signed.headers, signed.query);
}

interface CallParts {
  readonly chosen: Chosen;
  readonly body: RequestBody;
  readonly understood: Understood;
  readonly logBodyBytesMax: number;
}

function upstreamCall(
  arrival: Arrival,
  { chosen, body, understood, logBodyBytesMax }: CallParts,
  headers: readonly string[],
  query: string,
): UpstreamCall {
  const { target, caller, choice, route, egress, dialect, isBillable } = chosen;
  const { held, facts, spliced } = understood;
  const { settings } = target.policy;
  const { options } = arrival;
  return {
    target,
    caller,
    destination: destinationOf(route, target, egress),
    storedKey: choice.kind === 'stored' ? choice.key : null,
    method: arrival.method,
    path: route.path + query,
    headers,
    body: spliced ?? held,
    bodyStream: body.kind === 'streamed' ? body.stream : null,
    streamed: body.kind === 'streamed' ? body.passed : null,
    timeoutMs: options.requestTimeoutMs ?? settings.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    retries: retriesOf(body, arrival, target),
    originalBody: body.kind === 'held' ? held : body.head,
    dialect,
    isBillable,
    facts,
    isStreamUsageInjected: spliced !== null,
    isLog: options.collectLog ?? settings.collectLogs,
    collectsPayload: options.collectLogPayload ?? settings.collectLogPayload,
    logBodyBytesMax,
  };
}

function dialectFor({ head, method, path, query }: Arrival, provider: Provider): DialectChoice {
  const reading = readingFor(head, provider);
  if (reading === null) return selectDialect(provider.slug, method, path, query);
  return (reading.dialect ??= selectDialect(provider.slug, method, path, query));
}

/** A key that is not for this route is refused before a body is read for it. */
function routeFor(arrival: Arrival, { provider }: Target, choice: UsableChoice): Route {
  const key = choice.kind === 'stored' ? choice.key : null;
  const route = routeWith(arrival, provider, key === null ? null : key.target);
  if (key !== null) assertBound(key, provider, route);
  return route;
}

function routeWith({ head, path }: Arrival, provider: Provider, keyTarget: RouteRequest['keyTarget']): Route {
  const reading = readingFor(head, provider);
  const kept = reading === null ? null : reading.route;
  if (kept !== null && kept.keyTarget === keyTarget) return kept.route;
  const route = provider.route({ path, headers: head.rawHeaders, keyTarget });
  if (reading !== null) reading.route = { keyTarget, route };
  return route;
}

function destinationOf({ origin }: Route, { policy, customProvider }: Target, egress: EgressProxy | null): Destination {
  const { accountId } = policy;
  return { origin, accountId: customProvider === null ? null : accountId, callerId: accountId, egress };
}

/** A body that is streamed, or larger than what is held of one, is sent once: null then, too. */
function retriesOf(body: RequestBody, { options }: Arrival, { policy }: Target): RetryRule | null {
  if (body.kind === 'streamed' || body.bytes.length > HELD_BYTES_MAX) return null;
  return retryRule(options, policy.settings);
}

interface Understood {
  /** the whole body; null when it is absent or streamed */
  readonly held: Buffer | null;
  readonly facts: RequestFacts | null;
  /** the body with the wish for the stream's usage in it; null: it stays as it is */
  readonly spliced: Buffer | null;
}

function understand(body: RequestBody, arrival: Arrival, dialect: Dialect | null, target: Target): Understood {
  const held = body.kind === 'held' && body.bytes.length > 0 ? body.bytes : null;
  if (dialect === null) return { held, facts: null, spliced: null };
  const parsed = held === null ? null : parseJson(held);
  if (held !== null && parsed !== null) guardJson(held);
  const isForm = parsed === null && dialect.takesForms === true;
  const read = dialect.readRequest(isForm ? formOf(body, arrival) : parsed, arrival.path);
  const facts = body.kind === 'streamed' ? { ...read, isUnread: true } : read;
  const mayInject = target.policy.settings.injectStreamUsage;
  return { held, facts, spliced: held !== null && mayInject ? splice(dialect, facts, held, parsed) : null };
}

/** The fields of a form, as far as it is held. */
function formOf(body: RequestBody, arrival: Arrival): unknown {
  const contentType = headerOf(arrival.head.rawHeaders, 'content-type');
  return formFields(body.kind === 'held' ? body.bytes : body.head, contentType);
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

function splice(dialect: Dialect, facts: RequestFacts, held: Buffer, parsed: unknown): Buffer | null {
  if (!dialect.takesStreamUsageOption || !facts.isStreaming) return null;
  return spliceIncludeUsage(held, parsed);
}

function headersFor({ head }: Arrival, body: RequestBody, options: UpstreamHeaderOptions): readonly string[] {
  const { reading } = head;
  const isAsKept = reading !== undefined && body.kind === 'held' && !options.isIdentityWanted;
  if (isAsKept && reading.upstreamHeaders !== null) return reading.upstreamHeaders;
  const headers = upstreamHeaders(head.rawHeaders, options);
  if (isAsKept) reading.upstreamHeaders = Object.freeze(headers);
  // A held body's length is counted by the client library; a streamed one keeps the length that was announced.
  if (body.kind === 'streamed' && body.length !== null) headers.push('content-length', body.length);
  return headers;
}
