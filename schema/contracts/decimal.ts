/** Exact decimal numbers. Money never passes through a binary fraction: 0.1 + 0.2 is 0.3 here. */

/** `digits` × 10^-`decimals`. */
export interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

/** USD are counted in 10^-12. */
export const PICO_DECIMALS = 12;
/** Rates are written for so many of a unit, and stored for one. */
export const MILLION = 1_000_000n;
/** No unit costs more than 1 000 USD; the pico-USD of 10^9 of them still fit any sum. */
export const UNIT_PICO_MAX = 10n ** 15n;
const TEXT_CHARACTERS_MAX = 64;
const EXPONENT_MAX = 64;
/** JSON's number, which is also what a JavaScript number prints as. */
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/** The decimal that a number's text stands for; null when it is no number, or is longer or larger than any price. */
export function parseDecimal(text: string): Decimal | null {
  const parts = text.length > TEXT_CHARACTERS_MAX ? null : NUMBER.exec(text);
  if (parts === null) return null;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = parts;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > EXPONENT_MAX) return null;
  const digits = BigInt(sign + whole + fraction);
  const decimals = fraction.length - exponent;
  return decimals >= 0 ? { digits, decimals } : { digits: digits * 10n ** BigInt(-decimals), decimals: 0 };
}

/** In plain notation, without trailing zeros. */
export function decimalText({ digits, decimals }: Decimal): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, '0');
  const whole = text.slice(0, text.length - decimals);
  const fraction = text.slice(text.length - decimals).replace(/0+$/, '');
  return `${digits < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Whole pico-USD, as a bigint or its digits, in USD. */
export const usdFromPico = (pico: bigint | string): string =>
  decimalText({ digits: BigInt(pico), decimals: PICO_DECIMALS });

/** The rate of one, in pico-USD, in USD for a million. */
export const usdPerMillion = (pico: bigint | string): string => usdFromPico(BigInt(pico) * MILLION);

/**
 * The decimal as whole 10^-12 parts, or each of `parts` equal ones of it; a half is rounded up, and `isExact` is false
 * when something was. Not for negatives.
 */
export function toPico(value: Decimal, parts = 1n): { readonly pico: bigint; readonly isExact: boolean } {
  const surplus = value.decimals - PICO_DECIMALS;
  const digits = surplus <= 0 ? value.digits * 10n ** BigInt(-surplus) : value.digits;
  const divisor = surplus <= 0 ? parts : parts * 10n ** BigInt(surplus);
  return { pico: (digits * 2n + divisor) / (divisor * 2n), isExact: digits % divisor === 0n };
}
