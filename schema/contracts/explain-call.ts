/**
 * How the api asks a proxy to explain: a POST that both tiers' shared secret signs, with the time and the body's
 * digest, so that nobody else is answered and no body is read of anybody else.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const EXPLAIN_PATH = '/explain';
/** Of the document that describes a request: a GraphQL body of 64 KiB, and what the api adds. */
export const EXPLAIN_BYTES_MAX = 128 * 1024;
/** How far the two tiers' clocks may be apart. */
const AGE_MS_MAX = 60_000;
const SCHEME = 'Tollgate-Explain ';

const digestOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');
const signature = (key: Buffer, signed: string): Buffer => createHmac('sha256', key).update(signed).digest();

/** The `Authorization` of a call with this body. */
export function explainAuthorization(key: Buffer, body: Uint8Array, nowMs: number): string {
  const signed = `${nowMs}.${digestOf(body)}`;
  return `${SCHEME}${signed}.${signature(key, signed).toString('hex')}`;
}

/** The digest that the body must have; null: the call is not the api's. */
export function signedDigest(key: Buffer, authorization: string | undefined, nowMs: number): string | null {
  const [, signed = '', timeMs = '', digest = '', hex = ''] =
    /^Tollgate-Explain ((\d{1,15})\.([0-9a-f]{64}))\.([0-9a-f]{64})$/.exec(authorization ?? '') ?? [];
  if (signed === '' || Math.abs(nowMs - Number(timeMs)) > AGE_MS_MAX) return null;
  return timingSafeEqual(Buffer.from(hex, 'hex'), signature(key, signed)) ? digest : null;
}

export const hasDigest = (body: Uint8Array, digest: string): boolean => digestOf(body) === digest;
