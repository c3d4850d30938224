/**
 * One sign-in on its way to the OpenID provider and back. What has to be remembered stands in a cookie of the browser
 * that began it, signed and good for ten minutes: nobody is signed in by a link that another browser's sign-in ends
 * with.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { keyedHash } from '../../../platform/keys.js';
import type { OidcChecks } from './oidc-client.js';

export const FLOW_MS = 600_000;

export interface OidcFlow extends OidcChecks {
  /** the path to go on with */
  readonly next: string;
}

const flowSchema = z.object({
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  next: z.string(),
  untilMs: z.number(),
});

const secret = (): string => randomBytes(32).toString('base64url');

/** A new one, with secrets of its own. */
export const newFlow = (next: string): OidcFlow => ({ state: secret(), nonce: secret(), codeVerifier: secret(), next });

/** The cookie's text. */
export function sealFlow(key: Buffer, flow: OidcFlow, nowMs: number = Date.now()): string {
  const body = Buffer.from(JSON.stringify({ ...flow, untilMs: nowMs + FLOW_MS })).toString('base64url');
  return `${body}.${keyedHash(key, body).toString('base64url')}`;
}

/** What a cookie says; null for one that we did not write, or that is too old. */
export function openFlow(key: Buffer, text: string, nowMs: number = Date.now()): OidcFlow | null {
  const [body = '', mac = ''] = text.split('.', 2);
  const [expected, given] = [keyedHash(key, body), Buffer.from(mac, 'base64url')];
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const { untilMs, ...flow } = flowSchema.parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
  return untilMs > nowMs ? flow : null;
}
