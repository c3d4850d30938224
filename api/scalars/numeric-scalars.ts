/** The contract's exact numbers: JSON strings always, so that no client rounds them. */
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { PICO_DECIMALS } from '../../schema/contracts/decimal.js';

/** Integers of any size. */
export const BigIntScalar = new GraphQLScalarType<bigint, string>({
  name: 'BigInt',
  description: 'An integer of any size, as a string.',
  serialize: (value) => BigInt(String(value)).toString(),
  parseValue: (value) => parseBigInt(value),
  parseLiteral: (node) => parseBigInt(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : null),
});

/** Decimals in plain notation, at most 12 fraction digits, no trailing zeros. Values inside are strings already so. */
export const DecimalScalar = new GraphQLScalarType<string, string>({
  name: 'Decimal',
  description: 'A decimal number in plain notation as a string: at most 12 fraction digits, no trailing zeros.',
  serialize: (value) => parseDecimal(value),
  parseValue: parseDecimal,
  parseLiteral: (node) => parseDecimal(node.kind === Kind.STRING ? node.value : null),
});

/** A Decimal of USD to whole pico-USD, held to what a bigint of Postgres can be. */
export function picoFromUsd(usd: string): bigint {
  const [whole = '0', fraction = ''] = usd.split('.');
  return asPostgresBigint(BigInt(whole + fraction.padEnd(PICO_DECIMALS, '0')));
}

const BIGINT_MAX = 2n ** 63n - 1n;

/** The nearest number that a bigint of Postgres can be: as a bound, it means the same. */
export const asPostgresBigint = (value: bigint): bigint =>
  value > BIGINT_MAX ? BIGINT_MAX : value < -BIGINT_MAX ? -BIGINT_MAX : value;

function parseBigInt(value: unknown): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === 'string' && /^-?\d{1,40}$/.test(text)) return BigInt(text);
  throw new GraphQLError('must be an integer as a string');
}

function parseDecimal(value: unknown): string {
  const match = typeof value === 'string' ? /^(-?)0*(\d{1,40})(?:\.(\d{1,12}))?$/.exec(value) : null;
  if (match === null) throw new GraphQLError('must be a decimal number as a string, with at most 12 fraction digits');
  const [, sign = '', whole = '', rawFraction = ''] = match;
  const fraction = rawFraction.replace(/0+$/, '');
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
