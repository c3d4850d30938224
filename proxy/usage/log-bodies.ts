/** What a log keeps of the bytes that passed, each side within its bound. */
import type { LogBodies } from '../../schema/contracts/usage-record.js';
import { clientSecrets } from '../credentials/sent-secrets.js';
import type { Arrival, Relayed, UpstreamCall } from '../exchange.js';
import { contentEncodingOf } from '../header-list.js';
import { maskedBytes } from '../upstream/answer-echoes.js';

/** What the log keeps; null when the log, or its bodies, are not wanted. */
export function logBodies(arrival: Arrival, call: UpstreamCall, relayed: Relayed): LogBodies | null {
  if (!call.isLog || !call.collectsPayload) return null;
  const { policy } = call.target;
  const request = call.originalBody;
  const bound = call.logBodyBytesMax;
  const isRequestCut = call.bodyStream !== null || (request !== null && request.length > bound);
  return {
    id: arrival.id,
    createdAtMs: arrival.arrivedAtMs,
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    logRetentionDays: policy.settings.logRetentionDays,
    requestBody: request === null || request.length <= bound ? request : request.subarray(0, bound),
    responseBody: loggedAnswer(arrival, call, relayed),
    requestEncoding: contentEncodingOf(arrival.head.rawHeaders),
    responseEncoding: relayed.responseEncoding,
    truncated: isRequestCut || relayed.kept?.isLogTruncated === true,
  };
}

/**
 * The answer as it is kept. Providers repeat credentials in their error answers: no log shows a client's own either.
 */
function loggedAnswer(arrival: Arrival, call: UpstreamCall, relayed: Relayed): Uint8Array | null {
  const bytes = relayed.kept?.logged() ?? null;
  if (bytes === null || relayed.statusCode < 400) return bytes;
  return maskedBytes(bytes, clientSecrets(call, arrival), relayed.responseEncoding);
}
