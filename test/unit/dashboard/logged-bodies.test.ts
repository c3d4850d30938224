import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import { conversationOf } from '../../../dashboard/src/pages/gateway-logs/conversation/conversation.js';
import { curlOf, shellQuoted } from '../../../dashboard/src/pages/gateway-logs/curl.js';
import { prettyJson } from '../../../dashboard/src/pages/gateway-logs/pretty-json.js';
import { propertyRuns } from '../../support/test-size.js';

const said = (body: { path?: string; request?: unknown; response?: unknown }): string[] =>
  conversationOf({
    path: body.path ?? '/chat/completions',
    requestBody: body.request === undefined ? null : JSON.stringify(body.request),
    responseBody:
      body.response === undefined
        ? null
        : typeof body.response === 'string'
          ? body.response
          : JSON.stringify(body.response),
  }).flatMap(({ role, parts }) => parts.map(({ kind, name, text }) => `${role} ${kind} ${name}${name && ' '}${text}`));

const stream = (...events: unknown[]): string => events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

test('a chat of OpenAI is a conversation, with its calls of tools', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"in":"Bern"}' } };
  const messages = [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'And this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: 'rain' },
  ];
  const response = { choices: [{ message: { role: 'assistant', reasoning_content: 'Wet.', content: 'It rains.' } }] };
  expect(said({ request: { messages }, response })).toEqual([
    'system text Be brief.',
    'user text And this?',
    'user attachment image_url: image/png, 26 characters',
    'assistant call weather {"in":"Bern"}',
    'tool result rain',
    'assistant thought Wet.',
    'assistant text It rains.',
  ]);
});

test('a stream of OpenAI is assembled, choice by choice', () => {
  const delta = (index: number, each: object): object => ({ choices: [{ index, delta: each }] });
  const tool = (text: string, name?: string): object => ({
    tool_calls: [{ index: 0, function: { ...(name === undefined ? {} : { name }), arguments: text } }],
  });
  const response = stream(
    delta(0, { role: 'assistant', content: '' }),
    delta(0, { content: 'Hel' }),
    delta(1, { content: 'other' }),
    delta(0, { content: 'lo' }),
    delta(0, tool('', 'weather')),
    delta(0, tool('{"in"')),
    delta(0, tool(':1}')),
  );
  expect(said({ response: `${response}data: [DONE]\n\n` })).toEqual([
    'assistant text Hello',
    'assistant call weather {"in":1}',
    'assistant text other',
  ]);
});

test("Anthropic's messages and their streams are conversations", () => {
  const request = {
    system: [{ type: 'text', text: 'Be brief.' }],
    messages: [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'weather', input: { in: 'Bern' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'rain' }] },
    ],
  };
  const response = [
    { type: 'message_start', message: { role: 'assistant', content: [] } },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Wet.' } },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'It ' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'rains.' } },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', name: 'umbrella', input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"n":1}' } },
  ];
  const text = response.map((each) => `event: ${each.type}\r\ndata: ${JSON.stringify(each)}\r\n\r\n`).join('');
  expect(said({ path: '/v1/messages', request, response: text })).toEqual([
    'system text Be brief.',
    'user text Weather?',
    'assistant call weather {\n  "in": "Bern"\n}',
    'user result rain',
    'assistant thought Wet.',
    'assistant text It rains.',
    'assistant call umbrella {"n":1}',
  ]);
});

test("OpenAI's Responses are conversations, from the last event of a stream or from its pieces", () => {
  const output = [
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Wet.' }] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'It rains.' }] },
    { type: 'function_call', name: 'umbrella', arguments: '{"n":1}' },
  ];
  const request = {
    instructions: 'Be brief.',
    input: [{ role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] }],
  };
  const pieces = ['It ', 'rains.'].map((delta) => ({ type: 'response.output_text.delta', output_index: 1, delta }));
  const complete = { type: 'response.completed', response: { object: 'response', output } };
  const answer = ['assistant thought Wet.', 'assistant text It rains.', 'assistant call umbrella {"n":1}'];
  const asked = ['system text Be brief.', 'user text Weather?'];
  const path = '/responses';
  expect(said({ path, request, response: { output } })).toEqual([...asked, ...answer]);
  expect(said({ path, request, response: stream(...pieces, complete) })).toEqual([...asked, ...answer]);
  expect(said({ path, request, response: stream(...pieces) })).toEqual([...asked, 'assistant text It rains.']);
  expect(said({ path: '/embeddings', request: { input: 'Weather?' }, response: { data: [] } })).toEqual([]);
});

test("Gemini's contents are conversations, streamed as events or as one array", () => {
  const request = {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [
      { role: 'user', parts: [{ text: 'Weather?' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
    ],
  };
  const chunk = (text: string): object => ({ candidates: [{ content: { role: 'model', parts: [{ text }] } }] });
  const asked = ['system text Be brief.', 'user text Weather?', 'user attachment image/png'];
  const path = '/v1beta/models/gemini:generateContent';
  expect(said({ path, request, response: chunk('It rains.') })).toEqual([...asked, 'model text It rains.']);
  for (const response of [stream(chunk('It '), chunk('rains.')), [chunk('It '), chunk('rains.')]]) {
    expect(said({ path, request, response })).toEqual([...asked, 'assistant text It rains.']);
  }
});

test('an error is part of the conversation, alone or behind the beginning of a stream', () => {
  expect(said({ response: { error: { message: 'Too many requests' } } })).toEqual(['error text Too many requests']);
  const broken = stream({ choices: [{ index: 0, delta: { content: 'Hel' } }] }, { error: { message: 'overloaded' } });
  expect(said({ response: broken })).toEqual(['assistant text Hel', 'error text overloaded']);
});

test('whatever bodies hold, looking for a conversation does not fail', () => {
  const names = fc.constantFrom(
    'messages',
    'role',
    'content',
    'choices',
    'delta',
    'type',
    'text',
    'input',
    'parts',
    'error',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue(),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, tree, fc.boolean(), (request, response, isStreamed) => {
      const body = isStreamed ? stream(response) : JSON.stringify(response);
      const messages = conversationOf({ path: '/responses', requestBody: JSON.stringify(request), responseBody: body });
      expect(
        messages.every(
          ({ role, parts }) => typeof role === 'string' && parts.every(({ text }) => typeof text === 'string'),
        ),
      ).toBe(true);
    }),
    propertyRuns,
  );
});

test('JSON is laid out and stays the same, digit by digit and key by key', () => {
  expect(prettyJson('{"a":[1,{"b":"x, {y}: \\"z\\""}],"c":[ ],"d":{}}')).toBe(
    '{\n  "a": [\n    1,\n    {\n      "b": "x, {y}: \\"z\\""\n    }\n  ],\n  "c": [],\n  "d": {}\n}',
  );
  expect(prettyJson('{"n":12345678901234567890.10,"n":1}')).toBe('{\n  "n": 12345678901234567890.10,\n  "n": 1\n}');
  expect(prettyJson('{"cut": "he')).toBeNull();
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 4), (value, indent) => {
      expect(prettyJson(JSON.stringify(value, null, indent))).toBe(JSON.stringify(value, null, 2));
    }),
    propertyRuns,
  );
});

test('JSON that is nested without end grows no more than it has lines', () => {
  const depth = 100_000;
  const laidOut = prettyJson('['.repeat(depth) + ']'.repeat(depth)) ?? '';
  expect(laidOut.length).toBeLessThan(3 * depth);
});

test('a request is copied as a command without its credentials', () => {
  const command = curlOf({
    endpointUrl: 'http://gw/v1/acme/main',
    provider: 'anthropic',
    path: '/v1/messages',
    body: '{"a":"it\'s"}',
  });
  expect(command).toBe(
    [
      "curl 'http://gw/v1/acme/main/anthropic/v1/messages' \\",
      '  -H "x-api-key: $PROVIDER_KEY" \\',
      '  -H "cf-aig-authorization: Bearer $TOLLGATE_TOKEN" \\',
      "  -H 'content-type: application/json' \\",
      `  --data-raw '{"a":"it'\\''s"}'`,
    ].join('\n'),
  );
});

test('no control character reaches the terminal that a command is pasted into', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(shellQuoted(`\u001b[201~\n${text}`)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
    propertyRuns,
  );
});
