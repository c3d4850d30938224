/** From whatever went wrong to what a caller is told: one table, and INTERNAL with an id for the rest. */
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import type { Logger } from '../../platform/logger.js';
import { ApiError, knownError, type ApiErrorCode } from '../errors.js';
import { coercedField, withoutSuggestions, withoutValues } from './server-messages.js';

/** Codes that the GraphQL server itself gives, in our words. */
const SERVER_CODES: Readonly<Record<string, ApiErrorCode>> = {
  BAD_USER_INPUT: 'BAD_USER_INPUT',
  BAD_REQUEST: 'BAD_USER_INPUT',
  GRAPHQL_PARSE_FAILED: 'BAD_USER_INPUT',
  GRAPHQL_VALIDATION_FAILED: 'BAD_USER_INPUT',
  OPERATION_RESOLUTION_FAILURE: 'BAD_USER_INPUT',
  PERSISTED_QUERY_NOT_SUPPORTED: 'BAD_USER_INPUT',
};

/** Formats for Apollo's `formatError`; unknown errors are logged under the id that the caller is given. */
export function createErrorFormatter(logger: Logger, isProduction: boolean) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const cause = causeOf(error);
    const where = {
      ...(formatted.path === undefined ? {} : { path: formatted.path }),
      ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
    };
    const known = knownError(cause);
    if (known !== null) return { message: known.message, ...where, extensions: extensionsOf(known) };
    if (formatted.message.endsWith('Validation aborted.')) {
      return { message: 'The query is too complex to validate.', extensions: { code: 'QUERY_TOO_COMPLEX' } };
    }
    const code = SERVER_CODES[String(formatted.extensions?.['code'])];
    if (code !== undefined && (cause instanceof GraphQLError || error instanceof GraphQLError)) {
      const message = isProduction ? withoutSuggestions(formatted.message) : formatted.message;
      return { message: withoutValues(message), ...where, extensions: { code, ...coercedField(message) } };
    }
    const id = newUuidV7();
    logger.error({ err: cause, errorId: id }, 'a GraphQL request failed; the caller was told this id');
    return { message: `Something went wrong here (${id}).`, ...where, extensions: { code: 'INTERNAL', id } };
  };
}

/** What was thrown in a resolver, or by a plugin (which the server wraps without a path). */
function causeOf(error: unknown): unknown {
  const cause = unwrapResolverError(error);
  return cause instanceof GraphQLError && cause.originalError instanceof ApiError ? cause.originalError : cause;
}

/** An error's `extensions`: its code and, for bad input, the path of the field; for a limit, how long to wait. */
export function extensionsOf({ code, field, retryAfterSeconds }: ApiError): Record<string, string | number> {
  return { code, ...(field === null ? {} : { field }), ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }) };
}
