/**
 * Every error that the proxy answers by itself: wire code, HTTP status, public message, whether a client may usefully
 * try again, and the level at which it is logged. docs/errors.md is held against this table by a test.
 * Sources: `2xxx` Cloudflare AI Gateway's own codes; `9xxx` ours.
 */
export interface ErrorCode {
  readonly code: number;
  readonly status: number;
  readonly message: string;
  readonly retryable: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

type Handling = Pick<ErrorCode, 'retryable' | 'logLevel'>;

const define = (code: number, status: number, message: string, handling: Partial<Handling> = {}): ErrorCode =>
  Object.freeze({ code, status, message, retryable: false, logLevel: 'debug', ...handling });

export const ERROR_CODES = Object.freeze({
  unknownGateway: define(2001, 400, 'Please configure AI Gateway in the Cloudflare dashboard'),
  rateLimited: define(2003, 429, 'Rate limited', { retryable: true }),
  upstreamFailed: define(2005, 502, 'Failed to get response from provider', { retryable: true, logLevel: 'info' }),
  upstreamTimedOut: define(2005, 504, 'Failed to get response from provider', { retryable: true, logLevel: 'info' }),
  unknownProvider: define(2008, 400, 'Invalid provider'),
  unauthorized: define(2009, 401, 'Unauthorized'),
  noProviderKey: define(2040, 400, 'No such provider key'),
  badHeader: define(9001, 400, 'A header cannot be used'),
  badRequest: define(9002, 400, 'Refused by the request guard'),
  methodNotAllowed: define(9002, 405, 'Method not allowed'),
  expectationFailed: define(9002, 417, 'Expectation not supported'),
  upgradeRefused: define(9002, 426, 'Upgrade is not supported here'),
  forbidden: define(9003, 403, 'This token may not do this'),
  accountSuspended: define(9003, 403, 'The account is suspended'),
  bodyTooLarge: define(9004, 413, 'The request body is too large'),
  quotaUsedUp: define(9005, 429, 'The monthly quota is used up', { retryable: true }),
  unavailable: define(9006, 503, 'Temporarily unavailable', { retryable: true, logLevel: 'warn' }),
  overloaded: define(9006, 503, 'Temporarily unavailable', { retryable: true }),
  breakerOpen: define(9006, 503, 'Temporarily unavailable', { retryable: true }),
  loopDetected: define(9007, 508, 'Loop detected'),
});
export type ErrorName = keyof typeof ERROR_CODES;

/** The wire's error envelope (note `error`, not `errors`); `description` says what was wrong with what. */
export function errorEnvelope(error: ErrorCode, description: string): string {
  return JSON.stringify({
    success: false,
    result: [],
    messages: [],
    error: [{ code: error.code, message: error.message }],
    name: 'AiGatewayError',
    httpCode: error.status,
    internalCode: error.code,
    message: error.message,
    description,
  });
}
