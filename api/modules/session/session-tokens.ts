/**
 * Session tokens: `tgs_` + 32 random bytes. Hashed under a key of their own (label `session`), so that no other kind of
 * secret is ever accepted for one, nor a session for an API token.
 */
import { randomBytes } from 'node:crypto';
import { keyedHash } from '../../../platform/keys.js';

const SHAPE = /^tgs_[A-Za-z0-9_-]{43}$/;

export const mintSessionToken = (): string => `tgs_${randomBytes(32).toString('base64url')}`;
export const isSessionToken = (text: string): boolean => SHAPE.test(text);
/** What is stored and looked up instead of the token; lowercase hex. */
export const hashSessionToken = (key: Buffer, token: string): string => keyedHash(key, token).toString('hex');
