/**
 * Text of any code points: what fast-check's `binary` strings are, without its map of a million texts for each file.
 */
import fc from 'fast-check';

const SURROGATES_START = 0xd800;
const SURROGATES = 0x800;
const CODE_POINT_MAX = 0x10ffff;

const codePoint = fc.nat({ max: CODE_POINT_MAX - SURROGATES }).map(
  (n) => String.fromCodePoint(n < SURROGATES_START ? n : n + SURROGATES),
  (text) => {
    const point = typeof text === 'string' ? (text.codePointAt(0) ?? -1) : -1;
    if (point === -1 || text !== String.fromCodePoint(point)) throw new Error('not one character');
    return point < SURROGATES_START ? point : point - SURROGATES;
  },
);

export const anyText = (constraints: { readonly maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc.string({ unit: codePoint, ...constraints });
