import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UsageChunkFilter } from '../../../../proxy/dialects/usage-chunk-filter.js';
import { anyText } from '../../../support/any-text.js';

const delta = (text: string): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content: text } }], usage: null })}`;
const usage = 'data: {"id":"x","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}';
const others = ['data: {"choices":[],"prompt_filter_results":[],"usage":null}', ': ping', 'data: not json "usage"', ''];

function filtered(bytes: Buffer, sizes: readonly number[]): string {
  const filter = new UsageChunkFilter();
  const out: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    out.push(...filter.push(Uint8Array.from(bytes.subarray(at, at + size))));
    at += size;
  }
  out.push(...filter.push(Uint8Array.from(bytes.subarray(at))), ...filter.finish());
  return Buffer.concat(out).toString();
}

test('the usage-only event goes, and the event around it stays to the byte', () => {
  for (const end of ['\n\n', '\r\n\r\n', '\r\r']) {
    const before = delta('héllo "usage"') + end;
    const after = 'data: [DONE]' + end;
    expect(filtered(Buffer.from(before + usage + end + after), [])).toBe(before + after);
  }
});

test('an event is forwarded at once when it is whole, and in one piece with its neighbours', () => {
  const filter = new UsageChunkFilter();
  const two = Buffer.from(`${delta('a')}\n\n${delta('b')}\n\n`);
  expect(filter.push(two)).toHaveLength(1);
  expect(filter.push(Buffer.from('data: {"choi'))).toHaveLength(0);
  const [first] = filter.push(Buffer.from('ces":[{"delta":{}}]}\n\n'));
  expect(Buffer.from(first ?? []).toString()).toBe('data: {"choices":[{"delta":{}}]}\n\n');
});

test('a stream that ends without its last blank line loses nothing', () => {
  expect(filtered(Buffer.from(`${delta('a')}\n\ndata: [DONE]`), [])).toBe(`${delta('a')}\n\ndata: [DONE]`);
});

test('an event above the bound passes through', () => {
  const large = `data: ${'x'.repeat(1_100_000)}\r\n\r\n`;
  expect(filtered(Buffer.from(large + usage + '\r\n\r\n'), [500_000, 600_000])).toBe(large);
});

test('no chunking changes what is forwarded', () => {
  const event = fc.oneof(anyText().map(delta), fc.constant(usage), fc.constantFrom(...others));
  const events = fc.array(fc.tuple(event, fc.constantFrom('\n\n', '\r\n\r\n', '\r\r', '\r\n\n')), { maxLength: 6 });
  fc.assert(
    fc.property(events, fc.array(fc.nat({ max: 40 })), (list, sizes) => {
      const bytes = Buffer.from(list.map(([text, end]) => text + end).join(''));
      expect(filtered(bytes, sizes)).toBe(filtered(bytes, []));
      expect(filtered(bytes, Array<number>(bytes.length).fill(1))).toBe(filtered(bytes, []));
    }),
  );
});
