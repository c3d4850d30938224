/**
 * Errors that a caller of the control plane may see. Everything else that is thrown is masked as INTERNAL with an id
 * under which the log tells more.
 */
import { isStatementTimeout } from './tenancy/sql-state.js';

export const API_ERROR_CODES = [
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'PERSISTED_QUERY_NOT_FOUND',
] as const;
export type ApiErrorCode = (typeof API_ERROR_CODES)[number];

/** Statuses of answers by HTTP that are not GraphQL's: of the management REST, and of exports. */
export const HTTP_STATUSES: Readonly<Record<ApiErrorCode | 'INTERNAL', number>> = Object.freeze({
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  QUERY_TOO_COMPLEX: 400,
  PERSISTED_QUERY_NOT_FOUND: 400,
  INTERNAL: 500,
});

/**
 * An error in the caller's own terms. `field` is the path of the argument at fault, e.g.
 * `input.settings.cacheTtlSeconds`.
 */
export class ApiError extends Error {
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    readonly field: string | null = null,
    /** how long to wait, where that is known */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** `problem` completes the sentence that begins with the field: "must be at least 60". */
export const badInput = (field: string, problem: string): ApiError =>
  new ApiError('BAD_USER_INPUT', `${field} ${problem}`, field);
export const unauthenticated = (): ApiError =>
  new ApiError('UNAUTHENTICATED', 'Sign in, or send an API token in the Authorization header.');
export const forbidden = (message: string): ApiError => new ApiError('FORBIDDEN', message);
export const notFound = (what: string): ApiError => new ApiError('NOT_FOUND', `There is no such ${what}.`);
export const conflict = (message: string, field: string | null = null): ApiError =>
  new ApiError('CONFLICT', message, field);
export const rateLimited = (message: string, retryAfterSeconds: number | null = null): ApiError =>
  new ApiError('RATE_LIMITED', message, null, retryAfterSeconds);
export const tooComplex = (message: string): ApiError => new ApiError('QUERY_TOO_COMPLEX', message);

/** What a caller is told of an error; null: it is masked. */
export function knownError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  return isStatementTimeout(error) ? tooComplex('This takes too long: narrow it down.') : null;
}
