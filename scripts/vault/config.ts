/** What `npm run vault` takes from the environment: the owner's database, and the private keys of the proxy. */
import { MIGRATION_VARIABLES, readMigrationConfig } from '../../migrations/config.js';
import { parseEnvironment } from '../../platform/environment.js';
import { PROXY_VARIABLES } from '../../proxy/config.js';
import type { VaultPrivateKey } from '../../schema/contracts/vault-keys.js';

const { VAULT_PRIVATE_KEY, VAULT_PRIVATE_KEY_PREVIOUS } = PROXY_VARIABLES;

/** Shown in docs/operations.md. */
export const VAULT_VARIABLES = { ...MIGRATION_VARIABLES, VAULT_PRIVATE_KEY, VAULT_PRIVATE_KEY_PREVIOUS };

export interface VaultConfig {
  readonly connectionString: string;
  /** what values are to be sealed for from now on */
  readonly current: VaultPrivateKey;
  /** null: there is none */
  readonly previous: VaultPrivateKey | null;
}

/** Throws EnvironmentError, or an Error when no database is named. */
export function readVaultConfig(environment: NodeJS.ProcessEnv = process.env): VaultConfig {
  const env = parseEnvironment({ VAULT_PRIVATE_KEY, VAULT_PRIVATE_KEY_PREVIOUS }, environment);
  const { connectionString } = readMigrationConfig(environment);
  return { connectionString, current: env.VAULT_PRIVATE_KEY, previous: env.VAULT_PRIVATE_KEY_PREVIOUS };
}
