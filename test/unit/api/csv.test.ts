import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { csvLine } from '../../../api/csv.js';
import { anyText } from '../../support/any-text.js';
import { propertyRuns } from '../../support/test-size.js';

/** RFC 4180, read back. */
function parseLine(line: string): string[] {
  const cells: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (;;) {
    const match = pattern.exec(line);
    if (match === null) throw new Error(`no CSV: ${line}`);
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') return cells;
  }
}

test('what is written is read back, but for the apostrophe before what would be a formula', () => {
  fc.assert(
    fc.property(fc.array(anyText(), { minLength: 1 }), (texts) => {
      const cells = parseLine(csvLine(texts));
      const plain = (text: string): string => text.replaceAll(/^'|(?<=[;\t])'/g, '');
      expect(cells.map(plain)).toEqual(texts.map(plain));
    }),
    propertyRuns,
  );
});

test.each(['=1+1', '+1', '-cmd', '@sum(a)', '\r=1', ' =1', '＝1', '\u200b=1', '=HYPERLINK("http://x")'])(
  'T-WEB-3 a spreadsheet does not run %j',
  (text) => {
    expect(parseLine(csvLine([text]))).toEqual([`'${text}`]);
  },
);

test.each([
  ['a;=1+1', "a;'=1+1"],
  ['a\t@sum(b)', "a\t'@sum(b)"],
  ['a; ;\u200b=1', "a; ;'\u200b=1"],
  ['=1;=2', "'=1;'=2"],
  ['\t=1', "'\t'=1"],
  ['a;b-1', 'a;b-1'],
])('nor what begins behind another separator: %j', (text, shown) => {
  expect(parseLine(csvLine([text]))).toEqual([shown]);
});

test('numbers stay numbers, negative ones too, and what is absent is empty', () => {
  expect(csvLine([-1, 2n, '-0.5', true, null, { a: '=1' }])).toBe('-1,2,-0.5,true,,"{""a"":""=1""}"\r\n');
});
