/**
 * The secrets of one instance. In production they are given by the environment and nothing is made up; elsewhere the
 * missing ones are made once, kept in DATA_DIR and used again.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { newVaultKeyPair, readVaultPrivateKey, readVaultPublicKey } from '../schema/contracts/vault-keys.js';
import { keptText, privateText } from './private-text.js';

/** Variable → file in DATA_DIR that holds it outside production. */
const FILES = {
  /** api: sessions and cursors */
  SECRET_KEY: 'secret-key',
  /** both tiers: keyed hashes of API tokens; another value makes every token unknown */
  TOKEN_PEPPER: 'token-pepper',
  /** api: seals stored credentials */
  VAULT_PUBLIC_KEY: 'vault-public-key',
  /** proxy: opens them */
  VAULT_PRIVATE_KEY: 'vault-private-key',
} as const;

export type SecretName = keyof typeof FILES;
type Given = Readonly<Partial<Record<SecretName, string | null | undefined>>>;

/** What the api holds. */
export type ApiSecrets = Readonly<Record<'SECRET_KEY' | 'TOKEN_PEPPER' | 'VAULT_PUBLIC_KEY', string>>;
/** What both tiers hold, for a start of both on one machine. */
export type InstanceSecrets = Readonly<Record<SecretName, string>>;

export interface SecretSource {
  /** the environment */
  readonly given: Given;
  readonly dataDir: string;
  readonly isProduction: boolean;
}

const SECRET_LENGTH_MIN = 32;
export const NEW_KEYS_COMMAND = '`npm run vault -- new-keys` makes a pair';

/** Thrown with every missing or unusable secret at once; never carries their values. */
export class SecretsError extends Error {
  constructor(problems: readonly string[]) {
    super(`The secrets cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SecretsError';
  }
}

/** The api's secrets out of the environment, completed from DATA_DIR unless in production. Throws SecretsError. */
export function apiSecrets(source: SecretSource): ApiSecrets {
  return withoutProblems((problems) => {
    const secrets = randomSecrets(source, problems);
    return { ...secrets, VAULT_PUBLIC_KEY: publicKeyOf(source, problems) };
  });
}

/** The secrets of both tiers, likewise; refuses a vault key pair whose halves do not belong together. */
export function instanceSecrets(source: SecretSource): InstanceSecrets {
  return withoutProblems((problems) => {
    const secrets = randomSecrets(source, problems);
    const publicKey = publicKeyOf(source, problems);
    const privateKey = privateKeyOf(source, problems);
    if (problems.length === 0 && readVaultPrivateKey(privateKey)?.publicKey.raw.toString('base64') !== publicKey) {
      problems.push('VAULT_PUBLIC_KEY and VAULT_PRIVATE_KEY are not of one pair');
    }
    return { ...secrets, VAULT_PUBLIC_KEY: publicKey, VAULT_PRIVATE_KEY: privateKey };
  });
}

/** Secrets that are given, and are others than those that earlier starts have kept in DATA_DIR. */
export function otherThanKept({ given, dataDir }: Pick<SecretSource, 'given' | 'dataDir'>): SecretName[] {
  return Object.entries(FILES).flatMap(([key, file]) => {
    const name = key as SecretName; // a key of FILES
    const wanted = given[name] ?? '';
    const before = keptText(path.join(dataDir, file));
    return wanted === '' || before === null || before === wanted ? [] : [name];
  });
}

function withoutProblems<T>(collect: (problems: string[]) => T): T {
  const problems: string[] = [];
  const secrets = collect(problems);
  if (problems.length > 0) throw new SecretsError(problems);
  return secrets;
}

function randomSecrets(
  source: SecretSource,
  problems: string[],
): Readonly<Record<'SECRET_KEY' | 'TOKEN_PEPPER', string>> {
  const secretOf = (name: 'SECRET_KEY' | 'TOKEN_PEPPER'): string => {
    const given = source.given[name] ?? '';
    if (given.length >= SECRET_LENGTH_MIN) return given;
    if (given !== '') problems.push(`${name} has fewer than ${SECRET_LENGTH_MIN} characters`);
    else if (source.isProduction)
      problems.push(`${name} must be set in production (openssl rand -base64 32 makes one)`);
    else return kept(source, name);
    return '';
  };
  return { SECRET_KEY: secretOf('SECRET_KEY'), TOKEN_PEPPER: secretOf('TOKEN_PEPPER') };
}

function publicKeyOf(source: SecretSource, problems: string[]): string {
  // A kept private key makes its public one: two processes that start at once agree, whichever was first.
  const text =
    vaultKeyOf(source, 'VAULT_PUBLIC_KEY', problems) ?? kept(source, 'VAULT_PUBLIC_KEY', () => publicHalf(source));
  if (text !== '' && readVaultPublicKey(text) === null) problems.push(notAKey('VAULT_PUBLIC_KEY'));
  return text;
}

function privateKeyOf(source: SecretSource, problems: string[]): string {
  const text = vaultKeyOf(source, 'VAULT_PRIVATE_KEY', problems) ?? keptPrivateKey(source);
  if (text !== '' && readVaultPrivateKey(text) === null) problems.push(notAKey('VAULT_PRIVATE_KEY'));
  return text;
}

/** null: to be taken from DATA_DIR; empty: missing, and said so */
function vaultKeyOf(
  { given, isProduction }: SecretSource,
  name: 'VAULT_PUBLIC_KEY' | 'VAULT_PRIVATE_KEY',
  problems: string[],
): string | null {
  const key = given[name] ?? '';
  if (key === '' && !isProduction) return null;
  if (key === '') problems.push(`${name} must be set in production (${NEW_KEYS_COMMAND})`);
  return key;
}

function notAKey(name: SecretName): string {
  return `${name} (or ${FILES[name]} in DATA_DIR) is not the base64 of 32 bytes; ${NEW_KEYS_COMMAND}`;
}

function publicHalf(source: SecretSource): string {
  const pair = readVaultPrivateKey(keptPrivateKey(source));
  if (pair === null) throw new SecretsError([notAKey('VAULT_PRIVATE_KEY')]);
  return pair.publicKey.raw.toString('base64');
}

const keptPrivateKey = (source: SecretSource): string =>
  kept(source, 'VAULT_PRIVATE_KEY', () => newVaultKeyPair().privateKey);

function kept({ dataDir }: SecretSource, name: SecretName, newText?: () => string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  return privateText(path.join(dataDir, FILES[name]), newText);
}
