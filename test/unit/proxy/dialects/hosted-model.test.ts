import { expect, test } from '@jest/globals';
import type { Dialect, UsageReading } from '../../../../proxy/dialects/dialect.js';
import { selectDialect } from '../../../../proxy/dialects/select-dialect.js';

const CLAUDE = {
  type: 'message',
  model: 'claude-sonnet-4-20250514',
  content: [],
  usage: { input_tokens: 7, output_tokens: 3 },
};
const BEDROCK = '/bedrock-runtime/us-east-1/model';
const VERTEX = '/v1/projects/p/locations/us-east5';

function dialectOf(provider: string, path: string): Dialect {
  const { dialect } = selectDialect(provider, 'POST', path);
  if (dialect === null) throw new Error(`no dialect for ${path}`);
  return dialect;
}

function readingOf(dialect: Dialect, path: string, body: unknown, answer: unknown): UsageReading {
  const reader = dialect.newDocumentReader(dialect.readRequest(body, path));
  reader.push(Buffer.from(JSON.stringify(answer)));
  return reader.finish(true);
}

test.each([
  ['us.anthropic.claude-sonnet-4-20250514-v1%3A0', 'us.anthropic.claude-sonnet-4-20250514-v1:0'],
  ['anthropic.claude-3-5-sonnet-20241022-v2:0', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
  [
    'arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Feu.anthropic.claude-sonnet-4-20250514-v1%3A0',
    'eu.anthropic.claude-sonnet-4-20250514-v1:0',
  ],
])("Bedrock's model is that of the path, whose region has a price of its own: %s", (id, model) => {
  const path = `${BEDROCK}/${id}/invoke`;
  const reading = readingOf(dialectOf('aws-bedrock', path), path, { messages: [] }, CLAUDE);
  expect(reading).toMatchObject({ model, units: { inputTokens: 7, outputTokens: 3 } });
});

test("Vertex's model is that of the path for Claude, and bears no publisher's name where it is Google's", () => {
  const claude = `${VERTEX}/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict`;
  expect(readingOf(dialectOf('google-vertex-ai', claude), claude, { messages: [] }, CLAUDE).model).toBe(
    'claude-sonnet-4@20250514',
  );
  const chat = `${VERTEX}/endpoints/openapi/chat/completions`;
  const dialect = dialectOf('google-vertex-ai', chat);
  const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
  const asked = { model: 'google/gemini-2.5-flash', messages: [] };
  expect(readingOf(dialect, chat, asked, { model: 'google/gemini-2.5-flash', usage })).toMatchObject({
    model: 'gemini-2.5-flash',
    units: { inputTokens: 7, outputTokens: 3 },
  });
  expect(dialect.readRequest({ model: 'meta/llama-4' }, chat).model).toBe('meta/llama-4');
});

test("counting Claude's tokens on Vertex is no call that is billed", () => {
  const path = `${VERTEX}/publishers/anthropic/models/count-tokens:rawPredict`;
  expect(selectDialect('google-vertex-ai', 'POST', path)).toEqual({ dialect: null, isBillable: false });
});
