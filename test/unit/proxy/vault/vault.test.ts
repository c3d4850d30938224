import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { LocalKeyOpener, type KeyOpener } from '../../../../proxy/vault/key-opener.js';
import { Vault } from '../../../../proxy/vault/vault.js';
import { sealSecret, type SealContext } from '../../../../schema/contracts/sealed-secret.js';
import { providerKeyContext } from '../../../../schema/contracts/seal-contexts.js';
import { newVaultKeyPair } from '../../../../schema/contracts/vault-keys.js';
import { vaultPair } from '../../../support/vault.js';

const SECRET = 'sk-canary-52c9';
const CONTEXT = providerKeyContext({
  accountId: 'account-1',
  provider: 'openai',
  id: 'key-1',
  origin: 'https://api.openai.com',
  target: {},
  version: 1,
});
const pair = vaultPair(newVaultKeyPair());

/** Counts its calls, and fails as a service that is away does while `isAway`. */
class CountingOpener implements KeyOpener {
  calls = 0;
  isAway = false;
  private readonly local = new LocalKeyOpener([pair.privateKey]);

  open(sealed: Buffer, context: SealContext): string {
    this.calls += 1;
    if (this.isAway) throw new Error(`timeout while opening ${SECRET}`);
    return this.local.open(sealed, context);
  }
}

let opener = new CountingOpener();
let logged: unknown[][] = [];
let vault = newVault();

function newVault(): Vault {
  return new Vault(opener, { error: (...line: unknown[]) => void logged.push(line) });
}

const seal = (context: SealContext = CONTEXT, secret = SECRET): string =>
  sealSecret(pair.publicKey, secret, context).toString('base64');

function refusal(sealed: string, context: SealContext = CONTEXT): GatewayError | null {
  try {
    vault.open(sealed, context);
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

describe('the vault', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    opener = new CountingOpener();
    logged = [];
    vault = newVault();
  });

  afterEach(() => {
    vault.close();
    jest.useRealTimers();
  });

  test('an opened value is held for a minute however often it is used, and then opened again', () => {
    const sealed = seal();
    for (let second = 0; second < 60; second++) {
      expect(vault.open(sealed, CONTEXT).reveal()).toBe(SECRET);
      jest.advanceTimersByTime(999);
    }
    expect(opener.calls).toBe(1);
    jest.advanceTimersByTime(60);
    vault.open(sealed, CONTEXT);
    expect(opener.calls).toBe(2);
  });

  test('a value that nobody asks for again is let go of within the minute', () => {
    vault.open(seal(), CONTEXT);
    jest.advanceTimersByTime(30_000);
    vault.open(seal(), CONTEXT);
    expect(vault.heldCounts.held).toBe(2);
    jest.advanceTimersByTime(30_001);
    expect(vault.heldCounts.held).toBe(1);
    jest.advanceTimersByTime(30_000);
    expect(vault.heldCounts.held).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('values beyond the bound push out the oldest, and are counted', () => {
    const first = seal();
    vault.open(first, CONTEXT);
    const stub = { open: () => SECRET };
    const small = new Vault(stub, { error: () => undefined });
    for (let i = 0; i < 10_001; i++) small.open(String(i), CONTEXT);
    expect(small.heldCounts).toEqual({ held: 10_000, evicted: 1 });
    const long = 'x'.repeat(1_048_576);
    for (let i = 0; i < 33; i++) small.open(long + String(i), CONTEXT);
    expect(small.heldCounts.held).toBe(31); // with their envelopes, as much as 64 Mi characters hold
    small.close();
    expect(small.heldCounts.held).toBe(0);
  });

  test('T-KEY-1: a value that is held for one row does not serve another row that holds the same bytes', () => {
    const sealed = seal();
    vault.open(sealed, CONTEXT);
    const others: SealContext[] = [
      { ...CONTEXT, accountId: 'account-2' },
      { ...CONTEXT, provider: 'anthropic' },
      { ...CONTEXT, id: 'key-2' },
      { ...CONTEXT, origin: 'https://evil.example' },
      { ...CONTEXT, target: '{"account":"theirs"}' },
      { ...CONTEXT, version: 2 },
      { ...CONTEXT, use: 'egress-proxy' },
    ];
    expect(others.map((context) => refusal(sealed, context)?.errorName)).toEqual(others.map(() => 'unavailable'));
    expect(vault.open(sealed, CONTEXT).reveal()).toBe(SECRET);
  });

  test('T-KEY-2: an altered value is 503/9006, and the log names the row once a minute without its content', () => {
    const altered = `${seal().slice(0, -8)}AAAAAAA=`;
    for (let i = 0; i < 100; i++) expect(refusal(altered)?.definition).toMatchObject({ status: 503, code: 9006 });
    expect(vault.counts).toEqual({ opened: 0, refused: 100, failed: 0 });
    expect(logged).toHaveLength(1);
    expect(logged[0]?.[0]).toEqual({
      use: 'provider-key',
      id: 'key-1',
      accountId: 'account-1',
      provider: 'openai',
      reason: 'refused',
    });
    expect(JSON.stringify(logged)).not.toContain(altered.slice(0, 16));
    jest.advanceTimersByTime(60_001);
    refusal(altered);
    expect(logged).toHaveLength(2);
  });

  test('a value that was sealed for another key pair says in the log which settings do not belong together', () => {
    const other = vaultPair(newVaultKeyPair());
    expect(refusal(sealSecret(other.publicKey, SECRET, CONTEXT).toString('base64'))?.errorName).toBe('unavailable');
    expect(logged[0]?.[1]).toMatch(/VAULT_PUBLIC_KEY must belong to VAULT_PRIVATE_KEY/);
  });

  test('T-KEY-4: with the opener away, what was opened in the last minute serves and all else is 503/9006', () => {
    const known = seal();
    const unknown = seal({ ...CONTEXT, id: 'key-2' });
    vault.open(known, CONTEXT);
    opener.isAway = true;
    jest.advanceTimersByTime(59_000);
    expect(vault.open(known, CONTEXT).reveal()).toBe(SECRET);
    const error = refusal(unknown, { ...CONTEXT, id: 'key-2' });
    expect(error?.definition).toMatchObject({ status: 503, code: 9006, retryable: true });
    expect(error?.retryAfterSeconds).toBe(1);
    jest.advanceTimersByTime(1_001);
    expect(refusal(known)?.definition).toMatchObject({ status: 503, code: 9006 });
    expect(JSON.stringify([logged, error, error?.stack, error?.cause ?? null])).not.toContain(SECRET);
    expect(vault.counts.failed).toBe(2);
  });

  test('T-KEY-4: an opener that comes back serves at once', () => {
    const sealed = seal();
    opener.isAway = true;
    expect(refusal(sealed)?.errorName).toBe('unavailable');
    opener.isAway = false;
    expect(vault.open(sealed, CONTEXT).reveal()).toBe(SECRET);
  });
});
