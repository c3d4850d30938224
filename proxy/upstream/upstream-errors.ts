/** undici's and the operating system's error codes, translated in this one place. */
import { errorCode, errorMessage } from '../../platform/error-code.js';
import { GatewayError } from '../gateway-error.js';

const TIMEOUTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'the provider did not accept a connection in time',
  ETIMEDOUT: 'the connection to the provider timed out', // the system's own, also when a name's first address is silent
  UND_ERR_HEADERS_TIMEOUT: 'the provider did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'the provider fell silent in the middle of its answer',
};

const FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the provider refused the connection',
  ECONNRESET: 'the provider closed the connection',
  EPIPE: 'the provider closed the connection',
  ENOTFOUND: "the provider's name could not be resolved",
  EAI_AGAIN: "the provider's name could not be resolved",
  ENETUNREACH: 'the provider could not be reached',
  EHOSTUNREACH: 'the provider could not be reached',
  UND_ERR_SOCKET: 'the provider closed the connection',
  UND_ERR_HEADERS_OVERFLOW: "the provider's headers are too large",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the provider's answer has another length than it announced",
  UND_ERR_INVALID_ARG: 'the request cannot be sent to the provider',
};

const BROKEN_PROTOCOL = 'the provider broke the HTTP protocol';

/** The error a client gets for a failed upstream call: 2005, as 504 for a timeout and 502 for anything else. */
export function upstreamError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = errorCode(error) ?? '';
  const timedOut = TIMEOUTS[code];
  if (timedOut !== undefined) return new GatewayError('upstreamTimedOut', timedOut, { cause: error });
  // an answer out of place has the code of a lost socket in undici, and a message that calls it bad
  if (isParserError(error) || (code === 'UND_ERR_SOCKET' && errorMessage(error).startsWith('bad '))) {
    return new GatewayError('upstreamFailed', BROKEN_PROTOCOL, { cause: error });
  }
  const isTls = code.startsWith('ERR_TLS') || code.includes('CERT') || code.startsWith('ERR_SSL') || code === 'EPROTO';
  const description = isTls ? "the provider's certificate or TLS was not accepted" : FAILURES[code];
  return new GatewayError('upstreamFailed', description ?? "the provider's answer could not be used", { cause: error });
}

/** Its code is HPE_… with the parser's reason, or missing. */
function isParserError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'HTTPParserError';
}
