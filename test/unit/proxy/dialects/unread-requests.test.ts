/** Requests that are too large to be looked at: their input is what the answer tells, or nobody knows it. */
import { expect, test } from '@jest/globals';
import { builtInPrices } from '../../../../api/modules/pricing/built-in-prices.js';
import type { RequestFacts, UsageReading } from '../../../../proxy/dialects/dialect.js';
import { unansweredReading } from '../../../../proxy/dialects/usage-reading.js';
import { createPriceBook } from '../../../../proxy/pricing/price-book.js';
import { EVERY_DIALECT } from '../../../support/every-dialect.js';
import { sseText } from '../../../support/read-answer.js';

const NOTE = 'the request was too large to read: its input is not known';
const unread: RequestFacts = {
  model: null,
  isStreaming: false,
  systemText: null,
  serviceTier: null,
  inputTextBytes: 0,
  otherUnits: null,
  isUnread: true,
};
const named = (name: string) => {
  const dialect = EVERY_DIALECT.find((each) => each.name === name);
  if (dialect === undefined) throw new Error(`there is no ${name}`);
  return dialect;
};
function streamed(name: string, events: readonly unknown[], facts = unread, isComplete = true): UsageReading {
  const reader = named(name).newStreamReader(facts);
  reader.push(Buffer.from(sseText(...events)));
  return reader.finish(isComplete);
}
const book = createPriceBook(1, builtInPrices(false));
const costStatus = (reading: UsageReading) =>
  book.price({ ...reading, model: 'gpt-4o-mini', provider: 'openai', atMs: Date.UTC(2026, 10, 27) }).costStatus;

const words = { model: 'gpt-4o-mini', choices: [{ delta: { content: 'eight by' }, finish_reason: 'stop' }] };

test('a chat stream without usage has no cost, and says why', () => {
  const reading = streamed('openai-chat', [words]);
  expect(reading).toMatchObject({ units: { outputTokens: 2, other: { unreadCalls: 1 } }, usageSource: 'ESTIMATED' });
  expect(reading.usageNote).toBe(`the provider reported no usage; estimated from text; ${NOTE}`);
  expect(costStatus(reading)).toBe('UNPRICED');
  const read = streamed('openai-chat', [words], { ...unread, isUnread: false, inputTextBytes: 40 });
  expect(read).toMatchObject({ units: { inputTokens: 10, outputTokens: 2, other: null } });
  expect(costStatus(read)).toBe('ESTIMATED');
});

test('an answer that tells its input is priced by it, whole or cut', () => {
  const usage = { model: 'gpt-4o-mini', choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 2 } };
  const whole = streamed('openai-chat', [words, usage]);
  expect(whole).toMatchObject({ units: { inputTokens: 1_000, other: null }, usageSource: 'PROVIDER' });
  const start = { type: 'message_start', message: { usage: { input_tokens: 1_000, output_tokens: 1 } } };
  const cut = streamed('anthropic-messages', [start], unread, false);
  expect(cut).toMatchObject({ units: { inputTokens: 1_000, other: null }, usageSource: 'ESTIMATED' });
});

test('a response that is cut before its usage has no cost', () => {
  const delta = { type: 'response.output_text.delta', delta: 'eight by' };
  const reading = streamed('openai-responses', [delta], unread, false);
  expect(reading).toMatchObject({ units: { outputTokens: 2, other: { unreadCalls: 1 } } });
  expect(costStatus(reading)).toBe('UNPRICED');
});

test('a usage without a count of the input leaves the call without a cost', () => {
  const reading = streamed('openai-chat', [words, { choices: [], usage: { completion_tokens: 2 } }]);
  expect(reading.usageNote).toBe(`prompt_tokens is missing; ${NOTE}`);
  expect(reading.units).toMatchObject({ inputTokens: 0, outputTokens: 2, other: { unreadCalls: 1 } });
});

test('a call that nothing was heard of has no cost, and what is an error bills nothing', () => {
  const reading = unansweredReading(unread);
  expect(reading).toMatchObject({ usageNote: NOTE, units: { other: { unreadCalls: 1 } } });
  expect(costStatus(reading)).toBe('UNPRICED');
  expect(streamed('openai-chat', [{ error: { message: 'no' } }]).usageSource).toBe('NONE');
});

test.each(EVERY_DIALECT.map((dialect) => [dialect.name, dialect] as const))(
  'nothing is priced of an unread request in the format %s whose answer tells nothing',
  (_, dialect) => {
    for (const newReader of [dialect.newStreamReader, dialect.newDocumentReader]) {
      const { units, usageSource } = newReader(unread, []).finish(true);
      if (usageSource !== 'NONE') expect(Object.values(units.other ?? {})).toContain(1);
    }
  },
);
