/**
 * Keyed hashes of system messages, by account: the same prompt in two accounts has two hashes. Applications send the same
 * few prompts with every request, so those that came lately are remembered.
 */
import { LRUCache } from 'lru-cache';
import type { AccountId } from '../schema/contracts/ids.js';
import { keyedHashHex } from '../schema/contracts/keyed-hash.js';

/** Prompts remembered; at the bound the one used longest ago is hashed again. */
const KNOWN_MAX = 1_000;
/** Longer ones are hashed each time: comparing them would not cost much less. */
const KNOWN_CHARACTERS_MAX = 2_048;

export class SystemMessageHashes {
  private readonly known = new LRUCache<string, string>({ max: KNOWN_MAX });

  constructor(private readonly key: Buffer) {}

  of(accountId: AccountId, text: string): string {
    const message = `${accountId}\n${text}`;
    if (text.length > KNOWN_CHARACTERS_MAX) return keyedHashHex(this.key, message);
    let hash = this.known.get(message);
    if (hash === undefined) this.known.set(message, (hash = keyedHashHex(this.key, message)));
    return hash;
  }
}
