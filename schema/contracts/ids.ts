/**
 * Ids. Every id of ours is a UUIDv7 (RFC 9562 §5.7): its first 48 bits are the Unix time in milliseconds, so rows sort
 * by time, and the day partition of a usage record follows from its id alone, never from a clock at writing time.
 */
import { createHash, randomFillSync } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type AccountId = Branded<'AccountId'>;
export type GatewayId = Branded<'GatewayId'>;
export type ApiTokenId = Branded<'ApiTokenId'>;
export type UserId = Branded<'UserId'>;
export type ProviderKeyId = Branded<'ProviderKeyId'>;
export type CustomProviderId = Branded<'CustomProviderId'>;
export type MembershipId = Branded<'MembershipId'>;
export type InvitationId = Branded<'InvitationId'>;
export type PriceOverrideId = Branded<'PriceOverrideId'>;
/** A request's id: the usage record's and the log's id too. */
export type RequestId = Branded<'RequestId'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether `value` is a lowercase UUID of any version; the one check between text from outside and an id. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hex = (byte: number | undefined): string => HEX[byte ?? 0] ?? '00';
const HEX_DASH = HEX.map((digits) => `${digits}-`);
const hexDash = (byte: number | undefined): string => HEX_DASH[byte ?? 0] ?? '00-';

// Random bytes are drawn 4 KiB at a time: one call to the generator per id costs five times as much.
const pool = Buffer.alloc(4096);
/** the same in hexadecimal digits */
let poolText = '';
let poolOffset = pool.length;
let lastMs = 0;
/** the digits of `lastMs` as an id begins with them: many ids are made in one millisecond */
let lastText = '';
let sequence = 0;

/** A clock that goes back by more was wrong before: its hour of ids would all have one and the same time. */
const STEP_BACK_MS_MAX = 10_000;

/**
 * A new UUIDv7. Ids made by one process do not go backwards: within a millisecond, and when the clock steps back by up
 * to ten seconds, the 12-bit field counts up from a random start (RFC 9562 §6.2, method 1).
 */
export function newUuidV7(nowMs: number = Date.now()): string {
  if (poolOffset + 10 > pool.length) {
    randomFillSync(pool);
    poolText = pool.toString('hex');
    poolOffset = 0;
  }
  const at = poolOffset;
  poolOffset += 10;
  if (nowMs > lastMs || nowMs < lastMs - STEP_BACK_MS_MAX) {
    setLast(nowMs);
    sequence = ((pool[at] ?? 0) << 3) | ((pool[at + 1] ?? 0) & 7); // 11 random bits: at least 2048 ids to count up
  } else if (++sequence > 0xfff) {
    setLast(lastMs + 1);
    sequence = 0;
  }
  return (
    lastText +
    hex(0x70 | (sequence >>> 8)) + hexDash(sequence & 255) +
    hex(0x80 | ((pool[at + 2] ?? 0) & 0x3f)) + hexDash(pool[at + 3]) +
    poolText.slice(2 * (at + 4), 2 * (at + 10)) // of 12 characters, which V8 copies: longer, it would hold all of the text
  ); // prettier-ignore
}

/** A new UUIDv7 with the Unix time in milliseconds inside it, which need not be read out of it then. */
export function newTimedUuidV7(): { readonly id: string; readonly timeMs: number } {
  const id = newUuidV7();
  return { id, timeMs: lastMs };
}

function setLast(ms: number): void {
  lastMs = ms;
  lastText = timeText(ms);
}

/** The first digits of an id, up to its version. */
function timeText(ms: number): string {
  const digits = ms.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-`;
}

/** The UUIDv5 (RFC 9562 §5.5) of `name` in the namespace of a UUID: the same two always give the same id. */
export function uuidV5(namespace: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The Unix time in milliseconds inside a UUIDv7. */
export function uuidTimeMs(id: string): number {
  return parseInt(id.slice(0, 8), 16) * 0x1_0000 + parseInt(id.slice(9, 13), 16);
}

/** The UTC day (`YYYY-MM-DD`) inside a UUIDv7: the partition of the record that bears it. */
export function uuidDay(id: string): string {
  return new Date(uuidTimeMs(id)).toISOString().slice(0, 10);
}

/** The smallest UUID of a millisecond: `id >= firstUuidAt(from) AND id < firstUuidAt(to)` is a half-open time range. */
export function firstUuidAt(ms: number): string {
  return `${timeText(ms)}0000-0000-000000000000`;
}
