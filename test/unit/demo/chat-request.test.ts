import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { completionOf, streamOf } from '../../../demo/answer.js';
import { DemoError, parseChatRequest } from '../../../demo/chat-request.js';
import { propertyRuns } from '../../support/test-size.js';

const body = (more: object = {}): string =>
  JSON.stringify({ model: 'demo-small', messages: [{ role: 'user', content: 'Hello' }], ...more });

test.each([
  ['broken JSON', '{', 400, 'not valid JSON'],
  ['a body without messages', '{"model":"demo-small"}', 400, 'messages'],
  ['another model', body({ model: 'gpt-9' }), 404, "'gpt-9' does not exist"],
])('%s is refused in the words of the caller', (_, text, status, message) => {
  expect(() => parseChatRequest(text)).toThrow(DemoError);
  expect(() => parseChatRequest(text)).toThrow(
    expect.objectContaining({ status, message: expect.stringContaining(message) }),
  );
});

test('every answer says that it is a demo', () => {
  expect(JSON.stringify(completionOf(parseChatRequest(body())))).toContain('This is a demo');
});

test('a stream ends with its usage when that was asked for, and with [DONE] always', async () => {
  const events: string[] = [];
  const chat = parseChatRequest(body({ stream: true, stream_options: { include_usage: true } }));
  for await (const event of streamOf(chat)) events.push(event);
  expect(events.at(-1)).toBe('[DONE]');
  expect(JSON.parse(events.at(-2) ?? '')).toMatchObject({ choices: [], usage: { prompt_tokens: 9 } });
});

test('whatever the body is, it is understood or refused in words', () => {
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({ model: fc.constant('demo-small'), messages: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(bodies, (text) => {
      try {
        expect(parseChatRequest(text).inputTokens).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(DemoError);
      }
    }),
    propertyRuns,
  );
});
