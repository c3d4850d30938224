import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonElements, jsonMembers, trimmedJson } from '../../../../proxy/universal/json-slices.js';
import { propertyRuns } from '../../../support/test-size.js';

const elements = (text: string): string[] | null => jsonElements(Buffer.from(text))?.map(String) ?? null;
const members = (text: string): [string, string][] | null =>
  jsonMembers(Buffer.from(text))?.map(([name, value]) => [name, String(value)]) ?? null;

test('parts are the bytes as they stand', () => {
  expect(elements('[ {"a" : 1.0} ,\t"]\\"," ,\n[2,[3]] , 12345678901234567890 ]')).toEqual([
    '{"a" : 1.0}',
    '"]\\","',
    '[2,[3]]',
    '12345678901234567890',
  ]);
  expect(members('{"a\\u0062" : {"c":"}"} , "d":null,"a\\u0062":1e3}')).toEqual([
    ['ab', '{"c":"}"}'],
    ['d', 'null'],
    ['ab', '1e3'],
  ]);
  expect([elements('[]'), elements('[ ]'), members('{ }')]).toEqual([[], [], []]);
  expect(trimmedJson(Buffer.from(' \r\n\t[1] \n')).toString()).toBe('[1]');
});

test.each([
  '',
  '[',
  ']',
  '{}',
  '[1',
  '[1,]',
  '[,1]',
  '[1 2]',
  '[1]]',
  '[1]x',
  '["a]',
  '[{]',
  '[[1]',
  '[}',
  '[:]',
  '[1:2]',
])('%j is no array', (text) => {
  expect(elements(text)).toBeNull();
});

test.each([
  '',
  '{',
  '[]',
  '{"a"}',
  '{"a":}',
  '{"a":1',
  '{a:1}',
  '{"a":1,}',
  '{"a":1}}',
  '{"a" 1}',
  '{"\\x":1}',
  '{:1}',
])('%j is no object', (text) => {
  expect(members(text)).toBeNull();
});

test('whatever JSON is taken apart, its parts say what it says', () => {
  const spaces = fc.constantFrom('', ' ', '\n', '\r\n\t');
  const arrays = fc.property(fc.array(fc.jsonValue()), spaces, (values, space) => {
    const text = `[${space}${values.map((value) => JSON.stringify(value)).join(`${space},${space}`)}${space}]`;
    expect(elements(text)?.map((part) => JSON.parse(part) as unknown)).toEqual(JSON.parse(JSON.stringify(values)));
  });
  fc.assert(arrays, propertyRuns);
  const objects = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 2), (values, indent) => {
    const text = JSON.stringify(values, null, indent);
    const told = members(text)?.map(([name, value]) => [name, JSON.parse(value) as unknown]);
    expect(told).toEqual(Object.entries(JSON.parse(text) as object)); // what was just written
  });
  fc.assert(objects, propertyRuns);
});

test('no bytes make it throw or run past their end', () => {
  const pieces = fc.constantFrom('[', ']', '{', '}', '"', '\\', ',', ':', ' ', '1', 'a');
  const property = fc.property(fc.array(pieces, { maxLength: 24 }), (parts) => {
    const text = parts.join('');
    for (const part of [...(elements(text) ?? []), ...(members(text) ?? []).map(([, value]) => value)]) {
      expect(part).not.toBe('');
      expect(text).toContain(part);
    }
  });
  fc.assert(property, propertyRuns);
});
