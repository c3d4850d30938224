import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LongStrings } from '../../../../proxy/dialects/long-strings.js';
import { propertyRuns } from '../../../support/test-size.js';

const MAX = 8_192;

function shortened(text: string, sizes: readonly number[] = []): string {
  const out: Buffer[] = [];
  const slim = new LongStrings({
    push: (chunk) => out.push(Buffer.from(chunk)),
    finish: () => {
      throw new Error('nothing is asked for');
    },
    soFar: () => null,
  });
  const bytes = Buffer.from(text);
  let at = 0;
  for (const size of sizes) {
    slim.push(Uint8Array.from(bytes.subarray(at, at + size)));
    at += size;
  }
  slim.push(Uint8Array.from(bytes.subarray(at)));
  return Buffer.concat(out).toString();
}

test('JSON without long strings passes byte for byte', () => {
  fc.assert(
    fc.property(fc.json(), fc.array(fc.nat({ max: 50 })), (json, sizes) => {
      expect(shortened(json, sizes)).toBe(Buffer.from(json).toString());
    }),
    propertyRuns,
  );
});

const long = fc
  .tuple(fc.constantFrom('A', 'é', '\\"', '\\\\', '\\u00e9', '\\n', '\u{1f600}'), fc.integer({ min: 1, max: 20_000 }))
  .map(([piece, times]) => piece.repeat(times));

test('a long string keeps its beginning and its end mark, whatever stands in it and however it is split', () => {
  fc.assert(
    fc.property(long, long, fc.array(fc.nat({ max: 9_000 })), (first, second, sizes) => {
      const json = `{"a":"${first}","b":[1,{"c":"${second}"}],"usage":{"n":3}}`;
      const short = shortened(json, sizes);
      expect(short).toBe(shortened(json));
      const [was, is] = [JSON.parse(json), JSON.parse(short)] as { a: string; b: [number, { c: string }] }[];
      expect(is).toMatchObject({ usage: { n: 3 } });
      // a character that was cut in two has been replaced
      const kept = (text: string | undefined): string => (text ?? '').replace(/\ufffd+$/, '');
      expect(was?.a.startsWith(kept(is?.a))).toBe(true);
      expect(was?.b[1].c.startsWith(kept(is?.b[1].c))).toBe(true);
      if (first.length <= MAX / 4) expect(is?.a).toBe(was?.a);
    }),
    { ...propertyRuns, numRuns: Math.ceil(propertyRuns.numRuns / 5) }, // of up to a quarter of a megabyte each
  );
});

test('what passes of a string is bounded', () => {
  expect(shortened(`["${'A'.repeat(3_000_000)}"]`, Array<number>(50).fill(65_536)).length).toBeLessThan(MAX + 100);
});

test('lines keep apart: a long string in one is shortened, and the others pass byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.json(), long)), fc.array(fc.nat({ max: 30_000 })), (lines, sizes) => {
      const short = lines.map(([json]) => `${json}\n`);
      const whole = lines.flatMap(([json, text]) => [`${json}\n`, `data: {"a":"${text}"}\r\n\r\n`]).join('');
      const shortLines = shortened(whole, sizes).split('\n');
      expect(shortened(whole, sizes)).toBe(shortened(whole));
      for (const [i, line] of short.entries()) expect(`${shortLines[i * 3]}\n`).toBe(Buffer.from(line).toString());
    }),
    { ...propertyRuns, numRuns: Math.ceil(propertyRuns.numRuns / 10) },
  );
});

test('an unfinished string ends with its line', () => {
  const rest = '\ndata: {"usage":{"n":3}}\n\n';
  expect(shortened(`data: {"a":"${'A'.repeat(10_000)}${rest}`).endsWith(rest)).toBe(true);
});
