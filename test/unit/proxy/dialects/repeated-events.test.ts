/** What is known again of a stream is read as if it had been parsed: event by event, however they come. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { UsageReading } from '../../../../proxy/dialects/dialect.js';
import { selectDialect } from '../../../../proxy/dialects/select-dialect.js';
import { RepeatedEvents, type TextTally } from '../../../../proxy/dialects/repeated-events.js';
import { propertyRuns } from '../../../support/test-size.js';

const text = fc.oneof(fc.constant(' word'), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
const chatEvent = fc.oneof(
  text.map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
  fc.tuple(text, fc.string()).map(([content, obfuscation]) => ({ choices: [{ delta: { content } }], obfuscation })),
  fc
    .tuple(text, text)
    .map(([content, other]) => ({ choices: [{ delta: { content } }, { delta: { content: other } }] })),
  fc.tuple(text, text).map(([content, reasoning]) => ({ choices: [{ delta: { content, reasoning } }] })),
  text.map((content) => ({ delta: { content }, choices: [{ delta: { refusal: content } }] })),
  text.map((content) => ({ choices: [{ delta: { content } }], usage: { prompt_tokens: 3, completion_tokens: 5 } })),
  text.map((content) => ({ model: content, choices: [{ delta: { content } }], service_tier: 'flex' })),
  fc.constant({ choices: [{ delta: {}, finish_reason: 'stop' }] }),
);
const messagesEvent = fc.oneof(
  text.map((value) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: value } })),
  text.map((value) => ({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: value } })),
  text.map((value) => ({ type: 'ping', delta: { type: 'text_delta', text: value } })),
  fc.constant({ type: 'message_delta', delta: {}, usage: { output_tokens: 7 } }),
);

/** Reads a stream in chunks of so many bytes. */
function readingOf([provider, path]: readonly [string, string], stream: Buffer, chunkBytes: number): UsageReading {
  const { dialect } = selectDialect(provider, 'POST', path);
  if (dialect === null) throw new Error('nobody reads it');
  const reader = dialect.newStreamReader(dialect.readRequest({ model: 'm', stream: true }, path), []);
  for (let at = 0; at < stream.length; at += chunkBytes) reader.push(stream.subarray(at, at + chunkBytes));
  return reader.finish(false);
}

/** `comment`: none of the events is the one before once more. */
const streamOf = (events: readonly unknown[], comment: (index: number) => string): Buffer =>
  Buffer.from(events.map((event, index) => `${comment(index)}data: ${JSON.stringify(event)}\n\n`).join(''));

test.each<readonly [string, string, fc.Arbitrary<unknown>]>([
  ['openai', '/chat/completions', chatEvent],
  ['anthropic', '/v1/messages', messagesEvent],
])('a stream of %s is read as if each of its events were the first of its kind', (provider, path, event) => {
  const repeated = fc.array(fc.tuple(event, fc.integer({ min: 1, max: 4 })), { maxLength: 12 });
  fc.assert(
    fc.property(repeated, fc.integer({ min: 1, max: 400 }), (kinds, chunkBytes) => {
      const events = kinds.flatMap(([kind, times]) => Array.from({ length: times }, () => kind));
      const read = (comment: (index: number) => string): UsageReading =>
        readingOf([provider, path], streamOf(events, comment), chunkBytes);
      expect(read(() => '')).toEqual(read((index) => `: ${index}\n`));
    }),
    propertyRuns,
  );
});

/** A tally that counts the member `text` of events; what it is given is parsed. */
function counting() {
  let parsed = 0;
  const tally: TextTally = {
    outputTextBytes: 0,
    add: () => undefined,
    reading: () => {
      throw new Error('nobody asks');
    },
  };
  const repeated = new RepeatedEvents(tally, [{ opening: Buffer.from('"text":"'), isText: true }]);
  const read = (event: string): void => {
    if (repeated.add(Buffer.from(event))) return;
    parsed += 1;
    const { text: value } = JSON.parse(event) as { text: string }; // as the events below have it
    tally.outputTextBytes += Buffer.byteLength(value);
    repeated.learn(Buffer.from(event));
  };
  return { read, tally, parsed: () => parsed };
}

test('of events that differ in their text alone one is parsed, and all are counted', () => {
  const { read, tally, parsed } = counting();
  for (const value of ['one', 'two and more', '', 'ü€😀']) read(`{"n":1,"text":"${value}"}`);
  expect(parsed()).toBe(1);
  expect(tally.outputTextBytes).toBe(3 + 12 + 0 + 9);
  read('{"n":1,"text":"a\\nb"}');
  read('{"n":2,"text":"c"}');
  expect(parsed()).toBe(3);
  expect(tally.outputTextBytes).toBe(24 + 3 + 1);
});

test('of a stream whose events are never alike nothing more is learnt after a few', () => {
  const { read, parsed } = counting();
  for (let n = 0; n < 40; n++) read(`{"n":${n},"text":"x"}`);
  for (let n = 0; n < 3; n++) read('{"n":1,"text":"x"}');
  expect(parsed()).toBe(43);
});

test('an event whose text is empty teaches nothing: where text is not counted, none is counted after it', () => {
  const path = '/v1/messages';
  const ping = (text: string): object => ({ type: 'ping', delta: { type: 'text_delta', text } });
  const read = (comment: (index: number) => string): UsageReading =>
    readingOf(['anthropic', path], streamOf([ping(''), ping('twelve bytes')], comment), 400);
  expect(read(() => '')).toEqual(read((index) => `: ${index}\n`));
});
