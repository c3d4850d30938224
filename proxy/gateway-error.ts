/** The one error type that the proxy answers with by itself; anything else that is thrown is a broken invariant. */
import { ERROR_CODES, type ErrorCode, type ErrorName } from '../schema/contracts/error-codes.js';

const NO_HEADERS: readonly string[] = Object.freeze([]);

export class GatewayError extends Error {
  readonly definition: ErrorCode;

  /**
   * @param errorName the row of the table of error codes
   * @param description what was wrong with what, for the client: no secret, no upstream text, no stack
   * @param retryAfterSeconds sent as `Retry-After`
   * @param headers further ones of the answer: names and values, one after the other
   */
  constructor(
    readonly errorName: ErrorName,
    readonly description: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterSeconds?: number;
      readonly headers?: readonly string[];
    } = {},
  ) {
    super(description, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'GatewayError';
    this.definition = ERROR_CODES[errorName];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.headers = options.headers ?? NO_HEADERS;
  }

  readonly retryAfterSeconds: number | null;
  readonly headers: readonly string[];
}
