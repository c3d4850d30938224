/**
 * Environment parsing: a table of variables per process → one frozen object, or a list of *all* problems.
 * Only `config.ts` files (and scripts) hand `process.env` in; everything else receives the parsed value.
 */
import { z } from 'zod';

/** One variable: its parser, and the text that the generated table in docs/operations.md shows. */
export interface Variable<T> {
  readonly schema: z.ZodType<T>;
  /** what it does, one line, with its unit */
  readonly description: string;
  /** the default as shown to people; the schema holds the real one */
  readonly defaultText: string;
}

export type VariableTable = Readonly<Record<string, Variable<unknown>>>;
export type Parsed<T extends VariableTable> = { readonly [K in keyof T]: T[K] extends Variable<infer V> ? V : never };

/** Thrown with every problem of an environment at once; `main` prints it and exits 1. */
export class EnvironmentError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'EnvironmentError';
  }
}

/** Parses `env` by `table`. An empty string counts as absent. Throws EnvironmentError naming each bad variable. */
export function parseEnvironment<T extends VariableTable>(table: T, env: NodeJS.ProcessEnv): Parsed<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(table)) {
    const raw = env[name];
    const result = variable.schema.safeParse(raw === '' ? undefined : raw);
    if (result.success) values[name] = result.data;
    else problems.push(`${name}: ${result.error.issues.map((issue) => issue.message).join('; ')}`);
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return Object.freeze(values) as Parsed<T>; // every key of the table was set by the loop above
}

export function variable<T>(schema: z.ZodType<T>, defaultText: string, description: string): Variable<T> {
  return { schema, defaultText, description };
}

/** A whole number within bounds, written in decimal digits. */
export function integer(min: number, max: number, byDefault: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .default(byDefault);
}

export const port = (byDefault: number): z.ZodType<number> => integer(0, 65_535, byDefault);
/** Null: none. */
export const optionalPort: z.ZodType<number | null> = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port')
  .transform(Number)
  .pipe(z.number().max(65_535, 'must be a port'))
  .nullable()
  .default(null);
export const text = (byDefault: string): z.ZodType<string> => z.string().default(byDefault);
export const optionalText: z.ZodType<string | null> = z.string().nullable().default(null);
