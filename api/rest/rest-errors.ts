/** From an error in the words of GraphQL to the wire's: its code, its envelope, the names of its fields. */
import { ApiError, type ApiErrorCode } from '../errors.js';
import type { FieldNames } from './rest-route.js';

/** Codes of Cloudflare's API: 7000 to 7003 of AI Gateway, 10000 and 971 of all of it. */
export const WIRE_CODES: Readonly<Record<ApiErrorCode | 'INTERNAL' | 'NO_ROUTE', number>> = Object.freeze({
  BAD_USER_INPUT: 7001,
  UNAUTHENTICATED: 10000,
  FORBIDDEN: 10000,
  NOT_FOUND: 7002,
  CONFLICT: 7001,
  RATE_LIMITED: 971,
  QUERY_TOO_COMPLEX: 7001,
  PERSISTED_QUERY_NOT_FOUND: 7001,
  INTERNAL: 7000,
  NO_ROUTE: 7003,
});

/** The body of a refusal. `field` is where the fault is, as a JSON pointer of the body or the name of a parameter. */
export function failure(code: number, message: string, field: string | null = null): object {
  const source = field === null || field === '' ? {} : { source: { pointer: `/${field.replaceAll('.', '/')}` } };
  return { success: false, errors: [{ code, message, ...source }], messages: [], result: null };
}

/** The same error with the wire's names for what GraphQL calls otherwise. */
export function inWireTerms(error: ApiError, names: FieldNames): ApiError {
  if (error.code === 'UNAUTHENTICATED') {
    return new ApiError(error.code, 'Authentication error: send an API token as Authorization: Bearer.');
  }
  const { field } = error;
  if (field === null) return error;
  const wire = wireField(field, names);
  const message = error.message.startsWith(field) ? wire + error.message.slice(field.length) : error.message;
  return new ApiError(error.code, message, wire);
}

/** The longest known beginning of the path decides; a number in it stands for any. */
function wireField(field: string, names: FieldNames): string {
  const parts = field.split('.');
  for (let length = parts.length; length > 0; length--) {
    const known = parts.slice(0, length).map((part) => (/^\d+$/.test(part) ? '*' : part));
    const name = Object.hasOwn(names, known.join('.')) ? names[known.join('.')] : undefined;
    if (name !== undefined) return [name, ...parts.slice(length)].join('.');
  }
  return field.replace(/^input\./, '');
}
