/**
 * Audit rows: written in the transaction of the change, so that neither stands without the other. What they tell of a
 * thing is typed: names under which secrets are kept do not compile, and a value that hid its type from the compiler
 * rolls its change back.
 */
import { newUuidV7, uuidTimeMs, type AccountId } from '../../../schema/contracts/ids.js';
import { AuditEvent } from '../../../schema/entities/audit-event.js';
import type { Actor } from '../../tenancy/account-scope.js';
import type { LookupTransaction } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

/** Names under which inputs and rows hold secrets, plain, hashed or sealed. Nothing that is told has such a field. */
const SECRET_NAMES = [
  'secret',
  'secrets',
  'password',
  'passwordHash',
  'tokenHash',
  'headers',
  'sealed',
  'sealedHeaders',
  'egressProxySealed',
] as const;
type SecretName = (typeof SECRET_NAMES)[number];

/** `T` as far as it may be told: a field that holds a secret, or bytes, makes it `never`. */
type Told<T> = unknown extends T
  ? T
  : T extends string | number | boolean | Date | null | undefined
    ? T
    : T extends Uint8Array
      ? never
      : T extends readonly (infer Item)[]
        ? readonly Told<Item>[]
        : T extends object
          ? { readonly [Name in keyof T]: Name extends SecretName ? never : Told<T[Name]> }
          : never;

/** What happened to what; `before` and `after` hold no secret and no hash of one. */
export interface AuditEntry<Before = object | null, After = object | null> {
  /** `gateway.update`, the words of the authorization table */
  readonly action: string;
  readonly before: Before & Told<Before>;
  readonly after: After & Told<After>;
}

/** An entry whose types have been looked at. */
interface AnyEntry {
  readonly action: string;
  readonly before: object | null;
  readonly after: object | null;
}

/** Adds the event; its time is the one inside its id, so that the order of pages is the order of time. */
export async function recordAudit<Before extends object | null, After extends object | null>(
  tx: TenantTransaction,
  entry: AuditEntry<Before, After>,
): Promise<void> {
  const { name, ip } = tx.scope.actor;
  await tx.insert(AuditEvent, { ...identified(), actor: name, ip, ...plain(entry) });
  tx.note(entry.action);
}

/** For an account that is being made, which has no scope yet. */
export async function recordFirstAudit(
  tx: LookupTransaction,
  accountId: AccountId,
  actor: Actor,
  entry: AuditEntry,
): Promise<void> {
  await tx.manager.insert(AuditEvent, { ...identified(), accountId, actor: actor.name, ip: actor.ip, ...plain(entry) });
}

function identified(): { readonly id: string; readonly createdAt: Date } {
  const id = newUuidV7();
  return { id, createdAt: new Date(uuidTimeMs(id)) };
}

/**
 * Just what an event has. Throws where a value is no JSON or has a secret's name: the change is rolled back with it.
 */
function plain({ action, before, after }: AnyEntry): AnyEntry {
  assertTold(before);
  assertTold(after);
  return { action, before, after };
}

function assertTold(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  if (value instanceof Uint8Array) throw new Error('an audit event would have told bytes');
  for (const [name, inner] of Object.entries(value)) {
    if (SECRET_NAMES.some((secret) => secret === name)) throw new Error(`an audit event would have told a ${name}`);
    assertTold(inner);
  }
}
