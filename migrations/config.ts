/** What the migration runner takes from the environment. */
import { optionalText, parseEnvironment, variable } from '../platform/environment.js';

export interface MigrationConfig {
  readonly connectionString: string;
  /** the tiers' login role when it differs from the owner's; null: the same */
  readonly runtimeUser: string | null;
}

/** Shown in docs/operations.md. */
export const MIGRATION_VARIABLES = {
  DATABASE_URL: variable(optionalText, 'embedded', 'Postgres of the tiers'),
  MIGRATION_DATABASE_URL: variable(optionalText, '`DATABASE_URL`', 'Postgres as the owner of the tables'),
};

/** `MIGRATION_DATABASE_URL` (the owner's), else `DATABASE_URL`. Throws when neither is set. */
export function readMigrationConfig(environment: NodeJS.ProcessEnv = process.env): MigrationConfig {
  const env = parseEnvironment(MIGRATION_VARIABLES, environment);
  const connectionString = env.MIGRATION_DATABASE_URL ?? env.DATABASE_URL;
  if (connectionString === null)
    throw new Error('Set MIGRATION_DATABASE_URL or DATABASE_URL to the database to migrate.');
  const runtimeUser = env.DATABASE_URL === null ? '' : new URL(env.DATABASE_URL).username;
  const owner = new URL(connectionString).username;
  return {
    connectionString,
    runtimeUser: runtimeUser === '' || runtimeUser === owner ? null : decodeURIComponent(runtimeUser),
  };
}
