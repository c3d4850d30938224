/**
 * A Google service account's key, and the signed statement ("assertion") that Google gives an access token for.
 * Source: Google Identity, "Using OAuth 2.0 for Server to Server Applications", HTTP/REST; RFC 7523.
 *
 * Of the key's JSON only who and with which key is read. Its `token_uri` and other URLs are not: they are whoever's who
 * wrote it. Other kinds of credential files (which name URLs, files or commands to get a token from) are no service
 * accounts.
 */
import { sign } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { rsaPrivateKey } from '../../schema/contracts/rsa-key.js';

/** Whom tokens are asked of: always, wherever the call goes. */
export const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** The longest that Google allows. */
const ASSERTION_SECONDS = 3_600;

const serviceAccountSchema = z.object({
  type: z.literal('service_account').optional(),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().min(1).optional(),
});
export type ServiceAccount = z.infer<typeof serviceAccountSchema>;

const JSON_OBJECT_START = /^\{\s*["}]/;

/** The JSON in `text`, which is JSON or base64 of it; null: neither. Not looked at closer yet. */
export function credentialJsonIn(text: string): string | null {
  if (text.startsWith('{')) return text;
  // What begins with `{` begins with `e` in base64; access tokens and JWTs have dots.
  if (!text.startsWith('e') || text.includes('.')) return null;
  const decoded = Buffer.from(text, 'base64').toString('utf8');
  return JSON_OBJECT_START.test(decoded) ? decoded : null;
}

/** Null: it is no service account's key. */
export function parseServiceAccount(json: string): ServiceAccount | null {
  try {
    return serviceAccountSchema.safeParse(JSON.parse(json)).data ?? null;
  } catch {
    return null;
  }
}

const signAsync = promisify(sign);

/** A JWT for an hour from `atMs` on; null: the private key is none that can sign it. */
export async function signedAssertion(account: ServiceAccount, atMs: number): Promise<string | null> {
  const key = rsaPrivateKey(account.private_key);
  if (key === null) return null;
  const issuedAt = Math.floor(atMs / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(account.private_key_id && { kid: account.private_key_id }) };
  const claims = {
    iss: account.client_email,
    scope: SCOPE,
    aud: GOOGLE_TOKEN_URL,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_SECONDS,
  };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  const signature = await signAsync('RSA-SHA256', Buffer.from(signed), key);
  return `${signed}.${signature.toString('base64url')}`;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
