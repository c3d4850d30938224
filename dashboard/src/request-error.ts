/** What a request came to that was not answered, in the api's own terms. */

interface ErrorFields {
  readonly code: string;
  readonly field?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** An answer's first error. `code` is one of docs/errors.md, or UNREACHABLE when no answer came. */
export class RequestError extends Error {
  readonly code: string;
  /** path of the argument at fault, e.g. `input.settings.cacheTtlSeconds`; null: no one argument is */
  readonly field: string | null;
  readonly retryAfterSeconds: number | null;

  constructor(message: string, { code, field, retryAfterSeconds }: ErrorFields) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.field = field ?? null;
    this.retryAfterSeconds = retryAfterSeconds ?? null;
  }
}

/** What is wrong with one field of a form, without its name; null: this error is not about it. */
export function problemOf(error: unknown, field: string): string | null {
  if (!(error instanceof RequestError) || error.field === null) return null;
  // a path below the field is shown at it: `input.rateLimits.0.limit` at `input.rateLimits`
  if (error.field !== field && !error.field.startsWith(`${field}.`)) return null;
  const rest = error.message.startsWith(`${error.field} `)
    ? error.message.slice(error.field.length + 1)
    : error.message;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** An error in words for a person: `fields` show their own problems, so that those are left out (null). */
export function messageOf(error: unknown, fields: readonly string[] = []): string | null {
  if (error === null || error === undefined) return null;
  if (fields.some((field) => problemOf(error, field) !== null)) return null;
  if (!(error instanceof RequestError)) return error instanceof Error ? error.message : 'Something went wrong.';
  if (error.retryAfterSeconds === null) return error.message;
  return `${error.message} Try again in ${error.retryAfterSeconds} s.`;
}
