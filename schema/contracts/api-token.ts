/**
 * API tokens: `tgt_` + 34 base62 + 6 base62 of the CRC-32 of what precedes it (GitHub's shape: a scanner knows one at
 * sight, and a mistyped or invented one is refused without a look-up). 34 base62 characters are 202 bits.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'tgt_';
const SECRET_CHARACTERS = 34;
const CHECKSUM_CHARACTERS = 6;
const SHAPE = /^tgt_[0-9A-Za-z]{40}$/;
const SHAPE_ANYWHERE = /tgt_[0-9A-Za-z]{40}/;
/** Length of a token, and of the display prefix that may be stored and shown. */
export const API_TOKEN_CHARACTERS = PREFIX.length + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;
const DISPLAY_CHARACTERS = 10;

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_CHARACTERS; i++) {
    digits = ALPHABET.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** A new token. Bytes of 248 and above are drawn again, so that every character is equally likely. */
export function mintApiToken(): string {
  let secret = '';
  while (secret.length < SECRET_CHARACTERS) {
    for (const byte of randomBytes(SECRET_CHARACTERS)) {
      if (byte < 248 && secret.length < SECRET_CHARACTERS) secret += ALPHABET.charAt(byte % 62);
    }
  }
  return PREFIX + secret + checksum(PREFIX + secret);
}

/** Whether `text` has a token's shape and checksum: no look-up is made for anything else. */
export function isWellFormedApiToken(text: string): boolean {
  if (text.length !== API_TOKEN_CHARACTERS || !SHAPE.test(text)) return false;
  const body = text.slice(0, -CHECKSUM_CHARACTERS);
  return checksum(body) === text.slice(-CHECKSUM_CHARACTERS);
}

/** Whether something in `text` looks like one of our tokens, well-formed or not: it is never forwarded upstream. */
export function holdsApiToken(text: string): boolean {
  return SHAPE_ANYWHERE.test(text);
}

/** What is stored and looked up instead of the token: HMAC-SHA-256 under the pepper, lowercase hex. */
export function hashApiToken(pepper: Buffer, token: string): string {
  return createHmac('sha256', pepper).update(token).digest('hex');
}

/** The first characters of a token, which lists show. */
export const displayPrefix = (token: string): string => token.slice(0, DISPLAY_CHARACTERS);
