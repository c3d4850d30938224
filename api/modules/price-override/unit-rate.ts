/** Rates as people write them, USD for a million of a unit, and as they are stored: whole pico-USD for one. */
import { decimalText, parseDecimal, shiftDown, toPico } from '../../../schema/contracts/decimal.js';

const MILLION_POWER = 6;
const PICO_POWER = 12;
/** No unit costs more than 1 000 USD; the pico-USD of 10^9 of them still fit any sum. */
const USD_PER_MILLION_MAX = 1_000_000_000n;

export function picoPerUnit(usdPerMillion: string): bigint | { readonly problem: string } {
  const decimal = parseDecimal(usdPerMillion);
  if (decimal === null) return { problem: 'must be a decimal number' };
  if (decimal.digits < 0n) return { problem: 'must not be negative' };
  if (decimal.digits > USD_PER_MILLION_MAX * 10n ** BigInt(decimal.decimals)) {
    return { problem: `must be at most ${USD_PER_MILLION_MAX}` };
  }
  const { pico, isExact } = toPico(shiftDown(decimal, MILLION_POWER));
  return isExact ? pico : { problem: 'must have at most 6 fraction digits' };
}

export const usdPerMillion = (pico: string): string =>
  decimalText({ digits: BigInt(pico), decimals: PICO_POWER - MILLION_POWER });
