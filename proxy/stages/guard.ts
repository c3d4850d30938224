/**
 * Guard: the first stage. Takes the request apart without looking anything up, and refuses what no later stage should
 * ever see. Routing and authentication read only what this stage parsed.
 */
import { newTimedUuidV7, type RequestId } from '../../schema/contracts/ids.js';
import { clientIp } from '../client-ip.js';
import type { ClientRequest, ClientResponse } from '../client/client-exchange.js';
import type { Arrival } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import type { GuardedHead } from '../head-reading.js';
import { CALL_PREFIX, checkHead } from '../request-head.js';
import { parseRequestOptions } from '../request-options.js';
import { isSafePath } from '../upstream/path.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface GuardDeps {
  readonly trustedHops: number;
  /** this instance's mark in `CDN-Loop` */
  readonly loopMark: string;
}

/**
 * Throws GatewayError 9002 for what cannot be a gateway call, 9007 for one that has been here before, 9001 for a
 * `cf-aig-*` header that cannot be used.
 */
export function guard(deps: GuardDeps, request: ClientRequest, response: ClientResponse): Arrival {
  const head = guardedHead(deps, request);
  const { id: uuid, timeMs } = newTimedUuidV7();
  const id = uuid as RequestId; // made here, and only here
  return {
    request,
    response,
    head: request,
    body: null,
    step: null,
    id,
    eventId: head.options.eventId ?? id,
    arrivedAtMs: timeMs,
    method: head.method,
    accountKey: head.accountKey,
    gatewayName: head.gatewayName,
    providerSlug: head.providerSlug,
    path: head.path,
    query: head.query,
    options: head.options,
    clientIp: head.clientIp,
  };
}

/** Of a head that is said again, what was read the first time. */
function guardedHead(deps: GuardDeps, request: ClientRequest): GuardedHead {
  const { reading } = request;
  if (reading !== undefined && reading.guarded !== null) return reading.guarded;
  const method = request.method ?? '';
  if (!METHODS.has(method)) throw new GatewayError('methodNotAllowed', `method ${method} is not allowed`);
  const target = parseTarget(checkHead(request, deps.loopMark));
  const options = parseRequestOptions(request.rawHeaders);
  const head = { method, ...target, options, clientIp: clientIp(request, deps.trustedHops) };
  if (reading !== undefined) reading.guarded = head;
  return head;
}

type TargetParts = Pick<GuardedHead, 'accountKey' | 'gatewayName' | 'providerSlug' | 'path' | 'query'>;

/**
 * Splits `/v1/{account}/{gateway}/{provider}{path}{?query}`; nothing is decoded, so one thing has one spelling. The
 * provider of `/v1/{account}/{gateway}`, where universal requests go, is empty.
 */
function parseTarget(url: string): TargetParts {
  const queryAt = url.indexOf('?');
  const end = queryAt === -1 ? url.length : queryAt;
  const accountEnd = url.indexOf('/', CALL_PREFIX.length);
  const nextSlash = accountEnd === -1 ? -1 : url.indexOf('/', accountEnd + 1);
  const gatewayEnd = nextSlash === -1 || nextSlash > end ? end : nextSlash;
  if (accountEnd === -1 || accountEnd + 1 >= gatewayEnd || !url.startsWith(CALL_PREFIX)) {
    throw new GatewayError('unknownProvider', 'the URL must be /v1/{account}/{gateway}/{provider}/…');
  }
  const slash = url.indexOf('/', gatewayEnd + 1);
  const providerEnd = slash === -1 || slash > end ? end : slash;
  const path = url.slice(providerEnd, end);
  if (!isSafePath(path)) throw new GatewayError('badRequest', 'the path may not be decoded into another one');
  return {
    accountKey: url.slice(CALL_PREFIX.length, accountEnd),
    gatewayName: url.slice(accountEnd + 1, gatewayEnd),
    providerSlug: url.slice(Math.min(gatewayEnd + 1, end), providerEnd),
    path: path === '/' ? '' : path,
    query: url.slice(end),
  };
}
