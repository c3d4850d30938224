/**
 * Guard: the first stage. Takes the request apart without looking anything up, and refuses what no later stage should
 * ever see. Routing and authentication read only what this stage parsed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newUuidV7, uuidTimeMs, type RequestId } from '../../schema/contracts/ids.js';
import { clientIp } from '../client-ip.js';
import type { Arrival } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { parseRequestOptions } from '../request-options.js';
import { isSafePath } from '../upstream/path.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const TARGET_BYTES_MAX = 8 * 1024;
/** The server reads one more and drops the rest: a header that is not seen might have mattered. */
const HEADERS_MAX = 100;
export const PREFIX = '/v1/';

export interface GuardDeps {
  readonly trustedHops: number;
}

/** Throws GatewayError 9002 for what cannot be a gateway call, 9001 for a `cf-aig-*` header that cannot be used. */
export function guard(deps: GuardDeps, request: IncomingMessage, response: ServerResponse): Arrival {
  const method = request.method ?? '';
  if (!METHODS.has(method)) throw new GatewayError('methodNotAllowed', `method ${method} is not allowed`);
  if (request.headers.upgrade !== undefined)
    throw new GatewayError('upgradeRefused', 'WebSockets are not offered here');
  const { expect } = request.headers;
  // `100-continue` was answered by Node: clients send it before any body above a mebibyte
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    throw new GatewayError('expectationFailed', 'only 100-continue can be expected');
  if (request.rawHeaders.length > 2 * HEADERS_MAX)
    throw new GatewayError('badRequest', `there are more than ${HEADERS_MAX} headers`);
  const target = parseTarget(request.url ?? '');
  const options = parseRequestOptions(request.rawHeaders);
  const id = newUuidV7() as RequestId; // made here, and only here
  return {
    request,
    response,
    id,
    eventId: options.eventId ?? id,
    arrivedAtMs: uuidTimeMs(id),
    method,
    accountKey: target.accountKey,
    gatewayName: target.gatewayName,
    providerSlug: target.providerSlug,
    path: target.path,
    query: target.query,
    options,
    clientIp: clientIp(request, deps.trustedHops),
  };
}

type TargetParts = Pick<Arrival, 'accountKey' | 'gatewayName' | 'providerSlug' | 'path' | 'query'>;

/** Splits `/v1/{account}/{gateway}/{provider}{path}{?query}`; nothing is decoded, so one thing has one spelling. */
function parseTarget(url: string): TargetParts {
  if (url.length > TARGET_BYTES_MAX)
    throw new GatewayError('badRequest', `the URL is longer than ${TARGET_BYTES_MAX} bytes`);
  const queryAt = url.indexOf('?');
  const end = queryAt === -1 ? url.length : queryAt;
  const accountEnd = url.indexOf('/', PREFIX.length);
  const gatewayEnd = accountEnd === -1 ? -1 : url.indexOf('/', accountEnd + 1);
  if (gatewayEnd === -1 || gatewayEnd > end) {
    throw new GatewayError('unknownProvider', 'the URL must be /v1/{account}/{gateway}/{provider}/…');
  }
  const slash = url.indexOf('/', gatewayEnd + 1);
  const providerEnd = slash === -1 || slash > end ? end : slash;
  const path = url.slice(providerEnd, end);
  if (!isSafePath(path)) throw new GatewayError('badRequest', 'the path may not be decoded into another one');
  return {
    accountKey: url.slice(PREFIX.length, accountEnd),
    gatewayName: url.slice(accountEnd + 1, gatewayEnd),
    providerSlug: url.slice(gatewayEnd + 1, providerEnd),
    path: path === '/' ? '' : path,
    query: url.slice(end),
  };
}
