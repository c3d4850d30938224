/**
 * The stored form of API tokens by the tokens themselves. Those that came lately are known by a quicker hash under a
 * key of this process's own, so that neither a token nor anything that another process could use is kept in memory.
 */
import { randomBytes } from 'node:crypto';
import { API_TOKEN_CHARACTERS, hashApiToken, isWellFormedApiToken } from '../../schema/contracts/api-token.js';
import { keyedHashHex } from '../../schema/contracts/keyed-hash.js';
import { lruMap } from '../lru-map.js';

/** At the bound the one used longest ago is worked out again when it comes. */
const KNOWN_MAX = 20_000;

export class ApiTokenHashes {
  private readonly key = randomBytes(32);
  private readonly known = lruMap<string>(KNOWN_MAX);

  constructor(private readonly tokenHashKey: Buffer) {}

  /** What is looked up for `text`; null when it is no well-formed API token. */
  of(text: string): string | null {
    if (text.length !== API_TOKEN_CHARACTERS) return null;
    const quick = keyedHashHex(this.key, text);
    const known = this.known.get(quick);
    if (known !== undefined) return known;
    if (!isWellFormedApiToken(text)) return null;
    const hash = hashApiToken(this.tokenHashKey, text);
    this.known.set(quick, hash);
    return hash;
  }
}
