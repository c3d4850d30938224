/** The headers that this gateway adds to every answer, and its own answers: errors, preflights, the bare base. */
import { errorEnvelope } from '../schema/contracts/error-codes.js';
import type { ClientResponse } from './client/client-exchange.js';
import { endConnectionAfter, isBodyUnread } from './connection-end.js';
import type { Arrival, UpstreamCall } from './exchange.js';
import type { GatewayError } from './gateway-error.js';

const EXPOSED = [
  'cf-aig-request-id',
  'cf-aig-log-id',
  'cf-aig-event-id',
  'cf-aig-cache-status',
  'cf-aig-step',
  'cf-aig-model',
  'cf-aig-provider',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'ratelimit-policy',
  'retry-after',
  '*',
].join(', ');

export type CacheStatus = 'HIT' | 'MISS';

/** What an answer says of the request that it is of. */
interface AnsweredIds {
  readonly id: string;
  readonly eventId: string;
  /** of a universal request: which of its steps is answered, and whose it is; null or absent: of none */
  readonly step?: number | null;
  readonly providerSlug?: string;
}

/**
 * Ids of the exchange and CORS (`*`, no credentials); the log id only when a log row will be written, the cache's
 * status only for a request that it was asked for.
 */
export function ownHeaders(ids: AnsweredIds, isLog: boolean, cacheStatus?: CacheStatus): string[] {
  const headers = [
    'access-control-allow-origin',
    '*',
    'access-control-expose-headers',
    EXPOSED,
    'cf-aig-request-id',
    ids.id,
    'cf-aig-event-id',
    ids.eventId,
  ];
  if (isLog) headers.push('cf-aig-log-id', ids.id);
  const { step = null, providerSlug = '' } = ids;
  if (step !== null) headers.push('cf-aig-step', String(step), 'cf-aig-provider', providerSlug);
  if (cacheStatus !== undefined) headers.push('cf-aig-cache-status', cacheStatus);
  return headers;
}

interface AnswerHead {
  readonly statusCode: number;
  readonly headers: string[];
}

/** Writes the head of a provider's answer: its own headers, and ours behind them. */
export function writeAnswerHead(
  arrival: Arrival,
  call: UpstreamCall,
  { statusCode, headers }: AnswerHead,
  cacheStatus?: CacheStatus,
): void {
  const { response, step } = arrival;
  if (step !== null || response.writeHeadWith === undefined)
    response.writeHead(statusCode, headers.concat(answerHeaders(arrival, call, cacheStatus)));
  else response.writeHeadWith(statusCode, headers, answerLines(arrival, call.isLog, cacheStatus));
}

/**
 * What `ownHeaders` says where no step is answered, as it goes out: nearly all answers have this text, but for its ids.
 */
function answerLines({ id, eventId }: Arrival, isLog: boolean, cacheStatus: CacheStatus | undefined): string {
  const lines = `${BEFORE_ID}${id}\r\ncf-aig-event-id: ${eventId}\r\n`;
  const logged = isLog ? `${lines}cf-aig-log-id: ${id}\r\n` : lines;
  return cacheStatus === undefined ? logged : `${logged}cf-aig-cache-status: ${cacheStatus}\r\n`;
}
const BEFORE_ID = `access-control-allow-origin: *\r\naccess-control-expose-headers: ${EXPOSED}\r\ncf-aig-request-id: `;

/** `ownHeaders` of a provider's answer; a universal step's tells the model too, where it can stand in a header. */
function answerHeaders(arrival: Arrival, call: UpstreamCall, cacheStatus?: CacheStatus): string[] {
  const headers = ownHeaders(arrival, call.isLog, cacheStatus);
  const model = arrival.step === null ? null : (call.facts?.model ?? null);
  if (model !== null && MODEL.test(model)) headers.push('cf-aig-model', model);
  return headers;
}
const MODEL = /^[!-~]{1,256}$/;

/** Answers with the wire's error envelope. `close` ends the connection too: an unread body may still be coming. */
export function sendError(
  response: ClientResponse,
  error: GatewayError,
  headers: string[],
  options: { readonly close: boolean },
): void {
  const body = errorEnvelope(error.definition, error.description);
  headers.push('content-type', 'application/json', 'content-length', String(Buffer.byteLength(body)));
  if (error.retryAfterSeconds !== null) headers.push('retry-after', String(error.retryAfterSeconds));
  if (error.headers.length > 0) headers.push(...error.headers);
  if (error.errorName === 'methodNotAllowed') headers.push('allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  if (options.close) close(response, headers);
  response.writeHead(error.definition.status, headers);
  response.end(body);
}

/** A preflight is answered before any look-up: every origin, method and header may call; credentials never travel. */
export function sendPreflight(response: ClientResponse, requestedHeaders: string | null): void {
  const headers = [
    'access-control-allow-origin',
    '*',
    'access-control-allow-methods',
    'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers',
    requestedHeaders ?? '*',
    'access-control-max-age',
    '86400',
    'vary',
    'access-control-request-headers',
  ];
  if (isBodyUnread(response.req)) close(response, headers);
  response.writeHead(204, headers);
  response.end();
}

/** What clients probe before their first call: the provider's bare base exists. */
export function sendEmpty(response: ClientResponse, headers: string[]): void {
  headers.push('content-length', '0');
  if (isBodyUnread(response.req)) close(response, headers);
  response.writeHead(200, headers);
  response.end();
}

function close(response: ClientResponse, headers: string[]): void {
  headers.push('connection', 'close');
  endConnectionAfter(response);
}
