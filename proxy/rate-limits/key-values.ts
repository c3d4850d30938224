/**
 * By what a rule tells requests apart: the value of its key, as a keyed hash, so that neither Redis nor a dump of it
 * shows addresses, ids or secrets that clients send. Requests without the key share one value.
 */
import { isIPv6 } from 'node:net';
import { keyedHashHex } from '../../schema/contracts/keyed-hash.js';
import { SHARED_VALUE } from '../../schema/contracts/request-counts.js';
import type { Arrival, Caller } from '../exchange.js';
import { joinedHeaders } from '../header-list.js';
import { lruMap } from '../lru-map.js';
import { ownText } from '../own-text.js';
import type { CompiledRule } from './compiled-rules.js';

/** Hashes remembered; at the bound the one used longest ago is worked out again. */
const KNOWN_MAX = 20_000;
/** Longer values are hashed each time: comparing them would not cost much less. */
const KNOWN_CHARACTERS_MAX = 256;
const HASH_CHARACTERS = 32; // 128 bits

export class KeyValues {
  private readonly known = lruMap<string>(KNOWN_MAX);

  constructor(private readonly key: Buffer) {}

  of(rule: CompiledRule, arrival: Arrival, caller: Caller): string {
    const value = keyValue(rule, arrival, caller);
    if (value === null) return SHARED_VALUE;
    if (value.length > KNOWN_CHARACTERS_MAX) return this.hash(value);
    let hash = this.known.get(value);
    if (hash === undefined) this.known.set(ownText(value), (hash = this.hash(value)));
    return hash;
  }

  private hash(value: string): string {
    return keyedHashHex(this.key, value).slice(0, HASH_CHARACTERS);
  }
}

function keyValue({ key, keyName }: CompiledRule, arrival: Arrival, caller: Caller): string | null {
  switch (key) {
    case 'GATEWAY':
      return null;
    case 'IP':
      return arrival.clientIp === null ? null : clientNetwork(arrival.clientIp);
    case 'TOKEN':
      return caller.apiTokenId;
    case 'HEADER':
      return headerValue(arrival, keyName);
    case 'METADATA': {
      const { metadata } = arrival.options;
      return metadata !== null && Object.hasOwn(metadata, keyName) ? String(metadata[keyName]) : null;
    }
  }
}

/** The request's own; of a universal one that has none, its first step's. */
function headerValue({ request, head }: Arrival, name: string): string | null {
  const own = joinedHeaders(request.rawHeaders, name);
  return own !== null || head === request ? own : joinedHeaders(head.rawHeaders, name);
}

/** The address; of IPv6 its /64, in one spelling, for a client has all of that to itself. */
export function clientNetwork(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = '', tail] = ip.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    const width = behind.length + (tail.includes('.') ? 1 : 0); // an IPv4 address stands for two groups
    while (groups.length + width < 8) groups.push('0');
    groups.push(...behind);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
