import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteBuffer } from '../../../proxy/byte-buffer.js';
import { ScriptValues } from '../../../proxy/script-values.js';
import { propertyRuns } from '../../support/test-size.js';

/** As the protocol has it: an array of bulk strings. */
const commandOf = (parts: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), Buffer.from(part as string), Buffer.from('\r\n')]), // or bytes, which are copied
  ]);

const ascii = fc.string({ unit: 'binary-ascii', maxLength: 300 });
const bytes = fc.uint8Array({ maxLength: 300 });

function written(values: readonly (string | Uint8Array)[], memory?: ByteBuffer): ScriptValues {
  const all = new ScriptValues(memory);
  for (const [index, value] of values.entries()) {
    if (typeof value === 'string') all.text(value);
    else if (index % 2 === 0) all.bytesOf(value);
    else all.room(value.length).set(value);
  }
  return all;
}

test('values stand behind whatever is put in front of them, as often as it is, in memory that is used again', () => {
  const memory = new ByteBuffer(1);
  fc.assert(
    fc.property(fc.array(ascii), fc.array(ascii), fc.array(fc.oneof(ascii, bytes)), (first, second, list) => {
      const values = written(list, memory);
      for (const parts of [first, second]) expect(values.behind(parts)).toEqual(commandOf([...parts, ...list]));
    }),
    propertyRuns,
  );
});

test.each(['ü', 'ü'.repeat(200), 'x\u{1f600}'])('text that is not ASCII is refused: %s', (text) => {
  expect(() => written([text])).toThrow('not ASCII');
  expect(() => written(['fine']).behind([text])).toThrow('not ASCII');
  const values = written(['before']);
  expect(() => values.text(text)).toThrow('not ASCII');
  values.text('after');
  expect(values.behind(['front'])).toEqual(commandOf(['front', 'before', 'after']));
});
