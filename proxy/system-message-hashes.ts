/**
 * Keyed hashes of system messages, by account: the same prompt in two accounts has two hashes. Applications send the
 * same few prompts with every request, so those that came lately are remembered.
 */
import { LRUCache } from 'lru-cache';
import type { AccountId } from '../schema/contracts/ids.js';
import { keyedHashHex } from '../schema/contracts/keyed-hash.js';

/** Prompts remembered; at the bound the one used longest ago is hashed again. */
const KNOWN_MAX = 1_000;
/** Longer ones are hashed each time: comparing them would not cost much less. */
const KNOWN_CHARACTERS_MAX = 2_048;
/** Accounts whose hash of one prompt is remembered; at the bound all of them are hashed again. */
const ACCOUNTS_MAX = 100;

export class SystemMessageHashes {
  /** by prompt, then by account: a key of both would be another copy of the prompt, joined for each look-up */
  private readonly known = new LRUCache<string, Map<AccountId, string>>({ max: KNOWN_MAX });

  constructor(private readonly key: Buffer) {}

  of(accountId: AccountId, text: string): string {
    if (text.length > KNOWN_CHARACTERS_MAX) return this.hash(accountId, text);
    let hashes = this.known.get(text);
    if (hashes === undefined) this.known.set(text, (hashes = new Map<AccountId, string>()));
    let hash = hashes.get(accountId);
    if (hash === undefined) {
      if (hashes.size >= ACCOUNTS_MAX) hashes.clear();
      hashes.set(accountId, (hash = this.hash(accountId, text)));
    }
    return hash;
  }

  private hash(accountId: AccountId, text: string): string {
    return keyedHashHex(this.key, `${accountId}\n${text}`);
  }
}
