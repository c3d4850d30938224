/** What Postgres and its driver say that means something to a caller, told apart here and nowhere else. */
import { errorCode, errorMessage } from '../../platform/error-code.js';

/** Whether `error` is Postgres refusing a duplicate under the named constraint or index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return sqlState(error)?.code === '23505' && sqlState(error)?.constraint === constraint;
}

/** Whether the statement ran out of the time that it was given. */
export const isStatementTimeout = (error: unknown): boolean => sqlState(error)?.code === '57014';

/** Whether every connection of the pool was in use for too long; it has words and no code. */
export const isPoolTimeout = (error: unknown): boolean =>
  errorMessage(error) === 'timeout exceeded when trying to connect';

/** For what may be done without: its failure is thrown on unless it ran out of time. */
export function nullIfTooLong(error: unknown): null {
  if (isStatementTimeout(error)) return null;
  throw error;
}

function sqlState(error: unknown): { code: string | null; constraint: unknown } | null {
  if (typeof error !== 'object' || error === null) return null;
  const cause: unknown = 'driverError' in error ? error.driverError : error;
  if (typeof cause !== 'object' || cause === null) return null;
  return { code: errorCode(cause), constraint: 'constraint' in cause ? cause.constraint : null };
}
