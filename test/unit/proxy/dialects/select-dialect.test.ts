import { expect, test } from '@jest/globals';
import { selectDialect } from '../../../../proxy/dialects/select-dialect.js';

test.each([
  ['openai', 'POST', '/v1/chat/completions', 'openai-chat'],
  ['openai', 'POST', 'chat/completions', 'openai-chat'],
  ['demo', 'POST', 'v1/chat/completions?x=1', 'openai-chat'],
  ['openai', 'POST', 'v1/responses', 'openai-responses'],
  ['openai', 'POST', 'embeddings', 'openai-embeddings'],
  ['anthropic', 'POST', 'v1/messages?beta=true', 'anthropic-messages'],
  ['google-ai-studio', 'POST', 'v1beta/models/gemini-2.5-pro:generateContent', 'gemini'],
  ['google-ai-studio', 'POST', 'v1/models/gemini-2.5-pro:streamGenerateContent?alt=sse', 'gemini'],
  ['google-ai-studio', 'POST', 'v1beta/models/gemini-embedding-001:embedContent', 'gemini-embeddings'],
  ['google-ai-studio', 'POST', 'v1beta/openai/chat/completions', 'openai-chat'],
  ['deepseek', 'POST', 'beta/chat/completions', 'openai-chat'],
  ['perplexity-ai', 'POST', 'v1/agent', 'openai-responses'],
  ['custom-mine', 'POST', '/chat/completions', 'openai-chat'],
  ['custom-mine', 'POST', '/api/v2/openai/v1/chat/completions?a=/messages', 'openai-chat'],
  ['custom-mine', 'POST', '/v1/responses', 'openai-responses'],
  ['custom-mine', 'POST', '/v1/embeddings', 'openai-embeddings'],
  ['custom-mine', 'POST', '/anthropic/v1/messages', 'anthropic-messages'],
  ['custom-mine', 'POST', '/v1/completions', 'openai-chat'],
  ['custom-mine', 'POST', 'completions?a=/chat/completions', 'openai-chat'],
  ['custom-mine', 'POST', '/v1/images/variations', 'openai-images'],
  ['openai', 'POST', 'v1/images/generations', 'openai-images'],
  ['openai', 'POST', 'images/edits', 'openai-images'],
  ['openai', 'POST', 'v1/audio/speech', 'openai-speech'],
  ['groq', 'POST', 'audio/transcriptions', 'openai-transcription'],
  ['azure-openai', 'POST', 'r/d/audio/translations?api-version=2024-10-21', 'openai-transcription'],
  ['cohere', 'POST', 'v2/chat', 'cohere'],
  ['cohere', 'POST', 'v1/rerank', 'cohere'],
  ['cohere', 'POST', 'compatibility/v1/chat/completions', 'openai-chat'],
  ['workers-ai', 'POST', '@cf/meta/llama-3.1-8b-instruct', 'workers-ai-run'],
  ['workers-ai', 'POST', 'run/@cf/meta/llama-3.1-8b-instruct', 'workers-ai-run'],
  ['workers-ai', 'POST', 'v1/chat/completions', 'openai-chat'],
  ['aws-bedrock', 'POST', 'bedrock-runtime/us-east-1/model/m/converse', 'bedrock-converse'],
  ['aws-bedrock', 'POST', 'bedrock-runtime/us-east-1/model/m/converse-stream', 'bedrock-converse'],
  [
    'aws-bedrock',
    'POST',
    'bedrock-runtime/us-east-1/model/anthropic.claude-x/invoke-with-response-stream',
    'anthropic-messages',
  ],
  ['aws-bedrock', 'POST', 'bedrock-runtime/us-east-1/model/amazon.nova-lite-v1:0/invoke', 'bedrock-invoke'],
  ['elevenlabs', 'POST', 'v1/text-to-speech/voice/stream', 'elevenlabs-speech'],
  ['elevenlabs', 'POST', 'v1/speech-to-text', 'elevenlabs-listen'],
  ['cartesia', 'POST', 'tts/bytes', 'cartesia-speech'],
  ['deepgram', 'POST', 'v1/listen?model=nova-3', 'deepgram-listen'],
  ['deepgram', 'POST', 'v1/speak', 'deepgram-speech'],
  ['fal', 'POST', 'fal-ai/flux/dev', 'fal-images'],
  ['ideogram', 'POST', 'v1/ideogram-v3/generate', 'ideogram-images'],
])('%s %s %s speaks a dialect and is billable', (provider, method, path, name) => {
  const { dialect, isBillable } = selectDialect(provider, method, path);
  expect(dialect?.name).toBe(name);
  expect(isBillable).toBe(true);
});

test.each([
  ['openai', 'GET', 'v1/models'],
  ['openai', 'DELETE', 'v1/files/f'],
  ['openai', 'GET', 'v1/responses/resp_1'],
  ['anthropic', 'POST', 'v1/messages/count_tokens'],
  ['google-ai-studio', 'POST', 'v1beta/models/gemini-2.5-pro:countTokens'],
  ['cohere', 'POST', 'v1/tokenize'],
  ['aws-bedrock', 'POST', 'bedrock-runtime/us-east-1/model/m/count-tokens'],
])('%s %s %s is not billable', (provider, method, path) => {
  expect(selectDialect(provider, method, path)).toEqual({ dialect: null, isBillable: false });
});

test.each([
  ['openai', 'PUT', 'v1/chat/completions/x'],
  ['anthropic', 'POST', 'v1/messages/batches'],
  ['mistral', 'POST', 'v1/moderations'],
  ['cohere', 'POST', 'v2/batches'],
  ['workers-ai', 'POST', 'finetunes'],
  ['replicate', 'POST', 'predictions'],
  ['elevenlabs', 'POST', 'v1/sound-generation'],
  ['aws-bedrock', 'POST', 'bedrock-runtime/us-east-1/guardrail/g/version/1/apply'],
  ['nobody', 'POST', 'v1/chat/completions'],
  ['custom-x', 'POST', 'v1/xcompletions'],
  ['custom-x', 'POST', 'v1/variations'],
  ['unknown', 'POST', 'v1/chat/completions'],
])('%s %s %s is billable in a format that is not known', (provider, method, path) => {
  expect(selectDialect(provider, method, path)).toEqual({ dialect: null, isBillable: true });
});

test('a Gemini model is read from the path', () => {
  const { dialect } = selectDialect('google-ai-studio', 'POST', 'v1beta/models/gemini-2.5-pro:streamGenerateContent');
  const facts = dialect?.readRequest({ contents: [] }, 'v1beta/models/gemini-2.5-pro:streamGenerateContent');
  expect(facts).toMatchObject({ model: 'gemini-2.5-pro', isStreaming: true });
});

test.each([
  ['aws-bedrock', 'bedrock-runtime/us-east-1/model/global.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke'],
  [
    'google-vertex-ai',
    'v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict',
  ],
])('on %s a Claude model goes by the name that it has there, not by the one in its answer', (provider, path) => {
  const { dialect } = selectDialect(provider, 'POST', path);
  const facts = dialect?.readRequest({ messages: [] }, `/${path}`);
  const name =
    provider === 'aws-bedrock' ? 'global.anthropic.claude-sonnet-4-5-20250929-v1:0' : 'claude-sonnet-4-5@20250929';
  expect(facts?.model).toBe(name);
  const answer = {
    type: 'message',
    model: 'claude-sonnet-4-5-20250929',
    usage: { input_tokens: 10, output_tokens: 5 },
  };
  const reader = facts === undefined ? undefined : dialect?.newDocumentReader(facts);
  reader?.push(Buffer.from(JSON.stringify(answer)));
  expect(reader?.finish(true)).toMatchObject({ model: name, units: { inputTokens: 10, outputTokens: 5 } });
});

test('what a model writes is never taken for the end of its stream', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const chat = selectDialect('openai', 'POST', 'chat/completions').dialect;
  const messages = selectDialect('anthropic', 'POST', 'messages').dialect;
  const responses = selectDialect('openai', 'POST', 'responses').dialect;
  for (const text of [
    '[DONE]',
    'data: [DONE]',
    '\ndata: [DONE]\n\n',
    '{"type":"message_stop"}',
    'data: {"type":"message_stop"}\n',
  ]) {
    const event = `data: ${JSON.stringify({ delta: text })}\n\n`;
    for (let at = 0; at < event.length; at++) {
      for (const chunk of [event.slice(at), event.slice(0, at)]) {
        expect(chat?.endsStream(bytes(chunk))).toBe(false);
        expect(messages?.endsStream(bytes(chunk))).toBe(false);
      }
    }
  }
  expect(responses?.endsStream(bytes('event: response.completed, I said."}\n\n'))).toBe(false);
});

test('end marks are seen in the last bytes, and nowhere else', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const chat = selectDialect('openai', 'POST', 'chat/completions').dialect;
  expect(chat?.endsStream(bytes('data: {}\n\ndata: [DONE]\n\n'))).toBe(true);
  expect(chat?.endsStream(bytes('data:[DONE]\r\n\r\n'))).toBe(true);
  expect(chat?.endsStream(bytes('data: [DONE]'))).toBe(false);
  const messages = selectDialect('anthropic', 'POST', 'messages').dialect;
  expect(messages?.endsStream(bytes('event: message_stop\ndata: {"type":"message_stop"}\n\n'))).toBe(true);
  expect(messages?.endsStream(bytes('data: {"type":"message_stop"       }\n\n'))).toBe(true);
  const responses = selectDialect('openai', 'POST', 'responses').dialect;
  expect(responses?.endsStream(bytes('event: response.completed\ndata: {}\n\n'))).toBe(true);
  expect(responses?.endsStream(bytes('event: response.completed\ndata: {'))).toBe(false);
});

test.each([
  ['openai', '/chat/completions', '', true],
  ['groq', '/chat/completions', '', true],
  ['grok', '/v1/chat/completions', '', true],
  ['mistral', '/v1/chat/completions', '', false],
  ['openrouter', '/v1/chat/completions', '', false],
  ['cohere', '/compatibility/v1/chat/completions', '', false],
  ['custom-x', '/chat/completions', '', false],
  ['custom-x', '/completions', '', false],
  ['azure-openai', '/r/d/chat/completions', '?api-version=2024-10-21', true],
  ['azure-openai', '/r/d/chat/completions', '?a=b&api-version=2024-09-01-preview', true],
  ['azure-openai', '/r/d/chat/completions', '?api-version=2024-08-01-preview', false],
  ['azure-openai', '/r/d/chat/completions', '', false],
  ['azure-openai', '/r/openai/v1/chat/completions', '', true],
])('whether %s%s%s may be asked for the usage of its stream: %s', (provider, path, query, expected) => {
  expect(selectDialect(provider, 'POST', path, query).dialect?.takesStreamUsageOption).toBe(expected);
});
