/**
 * Cursors: a position, signed. The signature covers what the list is (whose, of what, in which order), so a cursor made
 * for one account or ordering is refused for any other, and nobody can make one up.
 */
import { timingSafeEqual } from 'node:crypto';
import { keyedHash } from '../../platform/keys.js';
import { badInput } from '../errors.js';

const SIGNATURE_BYTES = 16;
/** A position may hold what a list is ordered by: a model's name. */
const CURSOR_CHARACTERS_MAX = 8_192;

export class Cursors {
  /** `key`: derived under the label `cursor` */
  constructor(private readonly key: Buffer) {}

  /** `list` names the list: kind, owner and ordering. */
  encode(list: string, position: string): string {
    return Buffer.concat([this.sign(list, position), Buffer.from(position)]).toString('base64url');
  }

  /** The position inside a cursor of this very list; BAD_USER_INPUT at `field` for anything else. */
  decode(list: string, cursor: string, field: string): string {
    const bytes = Buffer.from(cursor.slice(0, CURSOR_CHARACTERS_MAX), 'base64url');
    const signature = bytes.subarray(0, SIGNATURE_BYTES);
    const position = bytes.subarray(SIGNATURE_BYTES).toString();
    if (signature.length === SIGNATURE_BYTES && timingSafeEqual(signature, this.sign(list, position))) return position;
    throw badInput(field, 'is not a cursor of this list');
  }

  private sign(list: string, position: string): Buffer {
    return keyedHash(this.key, JSON.stringify([list, position])).subarray(0, SIGNATURE_BYTES);
  }
}
