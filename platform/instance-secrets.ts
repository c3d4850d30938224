/**
 * The secrets of one instance. In production they are given by the environment and nothing is made up; elsewhere the
 * missing ones are made once, kept in DATA_DIR and used again.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { privateText } from './private-text.js';

/** Variable → file in DATA_DIR that holds it outside production. */
const FILES = {
  /** api: sessions and cursors */
  SECRET_KEY: 'secret-key',
  /** both tiers: keyed hashes of API tokens; another value makes every token unknown */
  TOKEN_PEPPER: 'token-pepper',
} as const;

export type SecretName = keyof typeof FILES;
export type InstanceSecrets = Readonly<Record<SecretName, string>>;

const SECRET_LENGTH_MIN = 32;

/** Thrown with every missing or too short secret at once; never carries their values. */
export class SecretsError extends Error {
  constructor(problems: readonly string[]) {
    super(`The secrets cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SecretsError';
  }
}

/** The secrets out of `given` (the environment), completed from `dataDir` unless `isProduction`. Throws SecretsError. */
export function instanceSecrets(options: {
  readonly given: Readonly<Partial<Record<SecretName, string | undefined>>>;
  readonly dataDir: string;
  readonly isProduction: boolean;
}): InstanceSecrets {
  const problems: string[] = [];
  const secretOf = (name: SecretName): string => {
    const given = options.given[name] ?? '';
    if (given.length >= SECRET_LENGTH_MIN) return given;
    if (given !== '') problems.push(`${name} has fewer than ${SECRET_LENGTH_MIN} characters`);
    else if (options.isProduction)
      problems.push(`${name} must be set in production (openssl rand -base64 32 makes one)`);
    else return kept(options.dataDir, name);
    return '';
  };
  const secrets = { SECRET_KEY: secretOf('SECRET_KEY'), TOKEN_PEPPER: secretOf('TOKEN_PEPPER') };
  if (problems.length > 0) throw new SecretsError(problems);
  return secrets;
}

function kept(dataDir: string, name: SecretName): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  return privateText(path.join(dataDir, FILES[name]));
}
