/** `npm run vault -- new-keys | rotate | reencrypt [--after table:id]`; exits 1 when a value was left behind. */
import { errorMessage } from '../platform/error-code.js';
import { createPool } from '../platform/postgres.js';
import { isUuid } from '../schema/contracts/ids.js';
import { newKeysText, reencrypt, rotate, type RewriteRequest } from './vault/commands.js';
import { readVaultConfig } from './vault/config.js';
import type { Position } from './vault/rewrite.js';
import { SEALED_TABLES } from './vault/sealed-tables.js';

const USAGE = `npm run vault -- new-keys                      prints a new key pair as lines of an environment file
npm run vault -- rotate                        wraps every stored secret for the current key pair
npm run vault -- reencrypt [--after table:id]  encrypts every stored secret anew
rotate and reencrypt read VAULT_PRIVATE_KEY, VAULT_PRIVATE_KEY_PREVIOUS and MIGRATION_DATABASE_URL.
`;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}

/** The exit code. */
async function run([command, option, value]: readonly string[]): Promise<number> {
  const after = option === '--after' ? readPosition(value ?? '') : null;
  const isUnderstood = option === undefined || after !== null;
  if (command === 'new-keys' && option === undefined) {
    process.stdout.write(newKeysText());
    return 0;
  }
  if (command === 'rotate' && isUnderstood) return rewrite(rotate, after);
  if (command === 'reencrypt' && isUnderstood) return rewrite(reencrypt, after);
  process.stderr.write(USAGE);
  return 2;
}

async function rewrite(how: (request: RewriteRequest) => Promise<boolean>, after: Position | null): Promise<number> {
  const { connectionString, current, previous } = readVaultConfig();
  const pool = createPool(
    { connectionString, applicationName: 'tollgate-vault', connectionsMax: 1 },
    (error) => void process.stderr.write(`${error.message}\n`),
  );
  try {
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    return (await how({ pool, current, previous, after, say })) ? 0 : 1;
  } finally {
    await pool.end();
  }
}

function readPosition(text: string): Position | null {
  const [name = '', id = ''] = text.split(':');
  const table = SEALED_TABLES.find((candidate) => candidate.name === name);
  return table === undefined || !isUuid(id) ? null : { table: table.name, id };
}
