/** Texts that look like API tokens and are none: invented ones, and real ones in which characters were changed. */
import { crc32 } from 'node:zlib';
import { mintApiToken } from '../../schema/contracts/api-token.js';
import { seededRandom } from './limit-oracle.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * `count` texts, the same for the same seed but for the real tokens in them; never one whose checksum happens to be
 * right.
 */
export function* fuzzedTokens(count: number, seed: number): Generator<string> {
  const random = seededRandom(seed);
  const pick = (length: number): number => Math.floor(random() * length);
  let real = mintApiToken();
  for (let made = 0; made < count;) {
    if (made % 1_000 === 0) real = mintApiToken();
    const text = random() < 0.3 ? invented(pick) : changed(real, pick);
    if (text === real || hasRightChecksum(text)) continue;
    made += 1;
    yield text;
  }
}

function invented(pick: (length: number) => number): string {
  let text = 'tgt_';
  while (text.length < 44) text += ALPHABET.charAt(pick(62));
  return text;
}

function changed(real: string, pick: (length: number) => number): string {
  const characters = real.split('');
  for (let changes = 1 + pick(3); changes > 0; changes--) characters[4 + pick(40)] = ALPHABET.charAt(pick(62));
  return characters.join('');
}

/** By another computation than the product's own. */
function hasRightChecksum(text: string): boolean {
  const told = text
    .slice(38)
    .split('')
    .reduce((sum, character) => sum * 62 + ALPHABET.indexOf(character), 0);
  return told === crc32(text.slice(0, 38));
}
