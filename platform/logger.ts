/** Structured logs: one JSON object a line on stdout; levels have rates (ERROR 0 and WARN rare in a healthy system). */
import { types } from 'node:util';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Errors inside an error that a line shows, down and across: a chain may lead back to its beginning. */
const CAUSES_MAX = 5;

/**
 * Creates the logger of one process; `name` is the process (`api`, `proxy`, `start`). Secrets are wrapped in `Secret`,
 * never logged raw. `destination`: for tests; stdout otherwise.
 */
export function createLogger(name: string, level: string = 'info', destination?: DestinationStream): Logger {
  const options = {
    name,
    level,
    base: { name, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (error: unknown) => loggedError(error) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: string | number;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

/**
 * What a line says of an error, and nothing else that it carries: a failed statement has its parameters with it, and
 * Postgres' `detail` and `where` quote what is in the row.
 */
function loggedError(error: unknown, depth: number = 0): LoggedError {
  if (!isError(error)) return { type: typeof error, message: typeof error === 'string' ? error : 'no error' };
  const { message, stack, cause } = error;
  const code = codeOf(error);
  const isDeep = depth >= CAUSES_MAX;
  const several = 'errors' in error && Array.isArray(error.errors) && !isDeep ? error.errors.slice(0, CAUSES_MAX) : [];
  return {
    type: error.constructor.name,
    message,
    stack,
    ...(code === null ? {} : { code }),
    ...(isError(cause) && !isDeep ? { cause: loggedError(cause, depth + 1) } : {}),
    ...(several.length === 0 ? {} : { errors: several.map((one: unknown) => loggedError(one, depth + 1)) }),
  };
}

/** Node's own errors too, where they are of another realm. */
const isError = (value: unknown): value is Error => types.isNativeError(value) || value instanceof Error;

/** The error's own code; of a failed statement, its SQLSTATE. */
function codeOf(error: Error): string | number | null {
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) return error.code;
  return 'driverError' in error && isError(error.driverError) ? codeOf(error.driverError) : null;
}
