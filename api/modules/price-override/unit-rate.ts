/** Rates as people write them, USD for a million of a unit, as they are stored: whole pico-USD for one. */
import { MILLION, parseDecimal, toPico, UNIT_PICO_MAX, usdPerMillion } from '../../../schema/contracts/decimal.js';

const USD_PER_MILLION_MAX = BigInt(usdPerMillion(UNIT_PICO_MAX));

export function picoPerUnit(text: string): bigint | { readonly problem: string } {
  const decimal = parseDecimal(text);
  if (decimal === null) return { problem: 'must be a decimal number' };
  if (decimal.digits < 0n) return { problem: 'must not be negative' };
  if (decimal.digits > USD_PER_MILLION_MAX * 10n ** BigInt(decimal.decimals)) {
    return { problem: `must be at most ${USD_PER_MILLION_MAX}` };
  }
  const { pico, isExact } = toPico(decimal, MILLION);
  return isExact ? pico : { problem: 'must have at most 6 fraction digits' };
}
