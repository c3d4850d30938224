/** Tools that providers run themselves and bill by the call, beside the tokens. */
import { expect, test } from '@jest/globals';
import { builtInPrices } from '../../../../api/modules/pricing/built-in-prices.js';
import { createPriceBook } from '../../../../proxy/pricing/price-book.js';
import { readAnswer, SSE, sseText, type ReadExchange } from '../../../support/read-answer.js';

const book = createPriceBook(1, builtInPrices(false));

/** What is read of the answer, and whether its cost is known. */
function billed(call: ReadExchange, answer: unknown) {
  const reading = readAnswer(call, answer);
  const { provider } = call;
  const { costStatus } = book.price({ ...reading, provider, atMs: Date.UTC(2026, 10, 27) });
  const { webSearches, other } = reading.units;
  return { webSearches, other, usageSource: reading.usageSource, costStatus };
}

const responses = (provider: string): ReadExchange => ({ provider, path: '/v1/responses', request: { model: 'm' } });

test('calls of xAI’s tools are counted, and their cost is not known without a price', () => {
  const details = {
    web_search_calls: 1,
    x_search_calls: 2,
    code_interpreter_calls: 4,
    file_search_calls: 2,
    mcp_calls: 9,
    document_search_calls: 3,
    image_generation_calls: 1,
  };
  const output = [{ type: 'code_interpreter_call' }, { type: 'file_search_call' }, { type: 'file_search_call' }];
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110, server_side_tool_usage_details: details };
  expect(billed(responses('grok'), { model: 'grok-4', object: 'response', output, usage })).toEqual({
    webSearches: 3,
    other: { codeExecutions: 4, documentSearches: 3, fileSearches: 2, images: 1 },
    usageSource: 'PROVIDER',
    costStatus: 'UNPRICED',
  });
});

test('tools of xAI that were not called leave the cost as it is', () => {
  const details = { web_search_calls: 0, x_search_calls: 0, code_interpreter_calls: 0, file_search_calls: 0 };
  const usage = { input_tokens: 100, output_tokens: 10, server_side_tool_usage_details: { ...details, mcp_calls: 3 } };
  const answer = { model: 'grok-4', object: 'response', output: [], usage };
  expect(billed(responses('grok'), answer)).toMatchObject({ other: null, costStatus: 'PRICED' });
});

test('OpenAI’s code interpreter bills a container that no token tells of', () => {
  const output = [
    { type: 'code_interpreter_call', container_id: 'c' },
    { type: 'message', content: [] },
  ];
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110 };
  expect(billed(responses('openai'), { model: 'gpt-5', object: 'response', output, usage })).toMatchObject({
    other: { codeExecutions: 1 },
    costStatus: 'UNPRICED',
  });
});

test.each(['gpt-4o-search-preview-2025-03-11', 'gpt-4o-mini-search-preview', 'gpt-5-search-api'])(
  'a chat with %s searches, which no usage tells',
  (model) => {
    const call = { provider: 'openai', path: '/v1/chat/completions', request: { model } };
    const usage = { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 };
    const choices = [{ message: { content: 'x' }, finish_reason: 'stop' }];
    const searched = { webSearches: 1, usageSource: 'ESTIMATED' };
    expect(billed(call, { model, choices, usage })).toMatchObject(searched);
    expect(billed({ ...call, headers: SSE }, sseText({ model, choices: [], usage }))).toMatchObject(searched);
    const other = billed(call, { model: 'gpt-4o', choices, usage });
    expect(other).toMatchObject({ webSearches: 0, usageSource: 'PROVIDER', costStatus: 'PRICED' });
  },
);
