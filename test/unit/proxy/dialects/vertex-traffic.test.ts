/** Vertex AI tells by `trafficType` how a call was served, and so what it is billed by. */
import { expect, test } from '@jest/globals';
import { builtInPrices } from '../../../../api/modules/pricing/built-in-prices.js';
import { createPriceBook } from '../../../../proxy/pricing/price-book.js';
import { readAnswer, SSE, sseText } from '../../../support/read-answer.js';

const project = '/v1/projects/p/locations/global';
const native = (method: string) => ({
  provider: 'google-vertex-ai',
  path: `${project}/publishers/google/models/gemini-2.5-pro:${method}`,
});
const compatible = { provider: 'google-vertex-ai', path: `${project}/endpoints/openapi/chat/completions` };

const nativeAnswer = (trafficType: string) => ({
  modelVersion: 'gemini-2.5-pro',
  candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15, trafficType },
});
const usageOf = (trafficType: string) => ({
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  extra_properties: { google: { traffic_type: trafficType } },
});

const book = createPriceBook(1, builtInPrices(false));
const cost = (reading: ReturnType<typeof readAnswer>) =>
  book.price({ ...reading, provider: 'google-vertex-ai', model: 'gemini-2.5-pro', atMs: Date.UTC(2026, 10, 27) });

test.each([
  ['ON_DEMAND_PRIORITY', 'priority'],
  ['ON_DEMAND_FLEX', 'flex'],
  ['PROVISIONED_THROUGHPUT', 'provisioned_throughput'],
  ['ON_DEMAND_SOMETHING', 'something'],
])('traffic of type %s is of the tier %s, and is not charged at list price', (trafficType, tier) => {
  const readings = [
    readAnswer(native('generateContent'), nativeAnswer(trafficType)),
    readAnswer(native('streamGenerateContent'), sseText(nativeAnswer(trafficType))),
    readAnswer(compatible, { choices: [], usage: usageOf(trafficType) }),
    readAnswer({ ...compatible, headers: SSE }, sseText({ choices: [], usage: usageOf(trafficType) })),
  ];
  for (const reading of readings) {
    expect(reading).toMatchObject({ serviceTier: tier, usageSource: 'PROVIDER' });
    expect(cost(reading)).toMatchObject({ costStatus: 'UNPRICED', priceRule: `#tier ${tier}` });
  }
});

test.each(['ON_DEMAND', 'TRAFFIC_TYPE_UNSPECIFIED'])('traffic of type %s is charged at list price', (trafficType) => {
  const readings = [
    readAnswer(native('generateContent'), nativeAnswer(trafficType)),
    readAnswer(compatible, { choices: [], usage: usageOf(trafficType) }),
  ];
  for (const reading of readings) {
    expect(reading.serviceTier).toBeNull();
    expect(cost(reading)).toMatchObject({ costStatus: 'PRICED', costPico: 10n * 1_250_000n + 5n * 10_000_000n });
  }
});
