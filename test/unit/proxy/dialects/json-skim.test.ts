import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withoutMember } from '../../../../proxy/dialects/json-skim.js';
import { propertyRuns } from '../../../support/test-size.js';

const skim = (text: string): string | null => withoutMember(Buffer.from(text), 'choices');

const names = fc.oneof(fc.constantFrom('choices', 'usage', 'a', '"', '\\', 'choices\\', '}{'), fc.string());
const values = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom('"', '\\', '\\"', ']}', '[{', 'é€😀', '\u2028', '"choices":1'),
);
const members = fc.array(fc.tuple(names, values), { maxLength: 6 });
const spaces = fc.constantFrom('', ' ', '\n\t ', '\r\n');

test('a document without one member is the rest of it, whatever its names, values and spaces', () => {
  fc.assert(
    fc.property(members, spaces, (list, space) => {
      const object = Object.fromEntries(list);
      const text = `${space}${JSON.stringify(object, null, space === '' ? 0 : 2)}${space}`;
      const skimmed = skim(text);
      if (!Object.hasOwn(object, 'choices')) expect(skimmed).toBeNull();
      // what was written: JSON has one zero, of the two that are drawn
      else expect(JSON.parse(skimmed ?? '')).toEqual({ ...JSON.parse(text), choices: null });
    }),
    propertyRuns,
  );
});

test('what is cut anywhere, or is no JSON, never throws, and never becomes a whole document', () => {
  const whole = JSON.stringify({
    id: 'a "quoted" \\ name',
    choices: [{ text: 'x]}"\\' }],
    usage: { prompt_tokens: 1 },
  });
  for (let end = 0; end < whole.length; end++) {
    const skimmed = skim(whole.slice(0, end));
    if (skimmed !== null) expect(() => JSON.parse(skimmed) as unknown).toThrow(SyntaxError);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      withoutMember(Buffer.from(bytes), 'choices');
    }),
    propertyRuns,
  );
});

test.each([
  '',
  '[]',
  '"choices"',
  '{}',
  '{"a":{"choices":1}}',
  '{"a":"\\"choices\\":1"}',
  '{"choices"}',
  '{choices:1}',
])('%j has no such member of its own', (text) => {
  expect(skim(text)).toBeNull();
});

test('the first of two is left out, as is one at the end or with a plain value', () => {
  expect(skim('{"choices":[1],"choices":2}')).toBe('{"choices":null,"choices":2}');
  expect(skim('{"choices" : 12 , "a":1}')).toBe('{"choices" : null , "a":1}');
  expect(skim('{"a":1,"choices":true}')).toBe('{"a":1,"choices":null}');
});
