/** Structured logs: one JSON object a line on stdout; levels have rates (ERROR 0 and WARN rare in a healthy system). */
import { pino, type Logger } from 'pino';

export type { Logger };

/** A logger for one process; `name` is the process (`api`, `proxy`, `start`). Secrets are wrapped in `Secret`, never logged raw. */
export function createLogger(name: string, level: string = 'info'): Logger {
  return pino({ name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });
}
