/** What `tollgate` takes from the environment, and where a configuration's `env:` references are read. */
import { z } from 'zod';
import { optionalText, parseEnvironment, text, variable } from '../platform/environment.js';

/** What a header can carry: undici's error for anything else would show the token. */
const tokenSchema = z
  .string({ error: 'must be set to an API token' })
  .regex(/^[\x21-\x7e]+$/, 'has a space, a line break or another character that no API token has');

/** Shown in docs/operations.md. */
export const CLI_VARIABLES = {
  TOLLGATE_URL: variable(
    text('http://localhost:4000').pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })),
    'http://localhost:4000',
    'where the api is',
  ),
  TOLLGATE_TOKEN: variable(tokenSchema, 'required', 'an API token of the account'),
  TOLLGATE_ACCOUNT: variable(optionalText, 'the first that the token is of', 'name of the account'),
};

export interface CliConfig {
  /** without a slash at its end */
  readonly url: string;
  readonly token: string;
  /** null: the first that the token is of */
  readonly account: string | null;
  /** the value of a variable that a configuration names; null: it is not set, or empty */
  readonly variable: (name: string) => string | null;
}

/** Throws EnvironmentError with every problem at once. */
export function readCliConfig(environment: NodeJS.ProcessEnv): CliConfig {
  const env = parseEnvironment(CLI_VARIABLES, environment);
  return {
    url: env.TOLLGATE_URL.replace(/\/+$/, ''),
    token: env.TOLLGATE_TOKEN,
    account: env.TOLLGATE_ACCOUNT,
    variable: (name) => environment[name] ?? null,
  };
}

export const environmentOfProcess = (): NodeJS.ProcessEnv => process.env;
