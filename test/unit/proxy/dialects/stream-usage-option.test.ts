import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spliceIncludeUsage } from '../../../../proxy/dialects/stream-usage-option.js';
import { anyText } from '../../../support/any-text.js';

const splice = (text: string): string | null =>
  spliceIncludeUsage(Buffer.from(text), JSON.parse(text))?.toString() ?? null;

test('a streaming body that names no options is asked for usage, and every other byte stays', () => {
  expect(splice(' {"stream" : true, "x":1.0e2,"é":"\\u00e9"}\n')).toBe(
    ' {"stream_options":{"include_usage":true},"stream" : true, "x":1.0e2,"é":"\\u00e9"}\n',
  );
});

test('a body that does not stream, or already asks, is left alone', () => {
  expect(splice('{"model":"m"}')).toBeNull();
  expect(splice('{"stream":false}')).toBeNull();
  expect(splice('{"stream":"true"}')).toBeNull();
  expect(splice('{"stream":true,"stream_options":{"include_usage":true}}')).toBeNull();
});

test('options without the flag get it inside, and an explicit false or null is replaced', () => {
  expect(splice('{"stream":true,"stream_options":{ }}')).toBe(
    '{"stream":true,"stream_options":{"include_usage":true }}',
  );
  expect(splice('{"stream_options": {"a":[1,{"b":"}"}]},"stream":true}')).toBe(
    '{"stream_options": {"include_usage":true,"a":[1,{"b":"}"}]},"stream":true}',
  );
  expect(splice('{"stream":true,"stream_options":null}')).toBe(
    '{"stream":true,"stream_options":{"include_usage":true}}',
  );
  expect(splice('{"stream":true,"stream_options":{"x":"\\"","include_usage" : false , "y":1}}')).toBe(
    '{"stream":true,"stream_options":{"x":"\\"","include_usage" : true , "y":1}}',
  );
});

test('of two members with one name the last one is changed, also when it is spelt with escapes', () => {
  expect(splice('{"stream_options":{"include_usage":true},"stream":true,"stream\\u005foptions":{}}')).toBe(
    '{"stream_options":{"include_usage":true},"stream":true,"stream\\u005foptions":{"include_usage":true}}',
  );
});

test('options of another type are the provider’s to refuse', () => {
  expect(splice('{"stream":true,"stream_options":"all"}')).toBeNull();
  expect(splice('{"stream":true,"stream_options":[]}')).toBeNull();
  expect(splice('[{"stream":true}]')).toBeNull();
});

const space = fc.constantFrom('', ' ', '\n', '\t  ');
const bodies = fc
  .record({
    rest: fc.dictionary(anyText(), fc.jsonValue(), { maxKeys: 4 }),
    options: fc.option(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }), { nil: undefined }),
    flag: fc.constantFrom(undefined, false, null),
    isFirst: fc.boolean(),
    indent: fc.constantFrom(undefined, 1, '\t'),
    before: space,
  })
  .map(({ rest, options, flag, isFirst, indent, before }) => {
    const wanted = options && flag !== undefined ? { ...options, include_usage: flag } : options;
    const own = { stream: true, ...(wanted ? { stream_options: wanted } : {}) };
    const { stream: _, stream_options: __, ...others } = rest;
    return before + JSON.stringify(isFirst ? { ...own, ...others } : { ...others, ...own }, null, indent);
  });

test('whatever the body, the result parses to it with the flag set, and differs in one place only', () => {
  fc.assert(
    fc.property(bodies, (text) => {
      const parsed = JSON.parse(text);
      const spliced = splice(text);
      if (spliced === null) return parsed.stream_options?.include_usage === true;
      const expected = { ...parsed, stream_options: { ...parsed.stream_options, include_usage: true } };
      expect(JSON.parse(spliced)).toEqual(expected);
      let from = 0;
      while (text[from] === spliced[from] && from < text.length) from += 1;
      let tail = 0;
      while (tail < text.length - from && text.at(-1 - tail) === spliced.at(-1 - tail)) tail += 1;
      expect(text.length - from - tail).toBeLessThanOrEqual('false'.length); // bytes of the original that went
      return true;
    }),
  );
});
