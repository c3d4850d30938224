import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { importGenaiPrices } from '../../../../api/modules/pricing/genai-prices.js';
import { anthropicMessages } from '../../../../proxy/dialects/anthropic-messages.js';
import type { Dialect, UsageReading } from '../../../../proxy/dialects/dialect.js';
import { geminiEmbeddings } from '../../../../proxy/dialects/gemini-embeddings.js';
import { gemini } from '../../../../proxy/dialects/gemini.js';
import { openAiChat } from '../../../../proxy/dialects/openai-chat.js';
import { openAiEmbeddings } from '../../../../proxy/dialects/openai-embeddings.js';
import { openAiResponses } from '../../../../proxy/dialects/openai-responses.js';
import { createPriceBook } from '../../../../proxy/pricing/price-book.js';
import { noUnits, USAGE_UNITS } from '../../../../schema/contracts/usage-units.js';
import { oracleCost, oracleModel } from '../../../support/price-oracle.js';
import { usageFixtures, type UsageFixture } from '../../../support/usage-fixtures.js';

const dialects = new Map<string, Dialect>(
  [openAiChat, openAiResponses, openAiEmbeddings, anthropicMessages, gemini, geminiEmbeddings].map((dialect) => [
    dialect.name,
    dialect,
  ]),
);
const book = createPriceBook(1, importGenaiPrices().prices);
const fixtures = usageFixtures();
const sourceIds = new Map([
  ['google-ai-studio', 'google'],
  ['grok', 'x-ai'],
]);

function read(fixture: UsageFixture, sizes: readonly number[]): UsageReading {
  const dialect = dialects.get(fixture.dialect);
  if (dialect === undefined) throw new Error(`no dialect ${fixture.dialect}`);
  const { model, inputTextBytes, isComplete } = fixture.expected;
  const facts = { model, isStreaming: fixture.isStream, systemText: null, serviceTier: null, inputTextBytes };
  const reader = fixture.isStream ? dialect.newStreamReader(facts) : dialect.newDocumentReader(facts);
  let at = 0;
  for (const size of sizes) {
    reader.push(Uint8Array.from(fixture.answer.subarray(at, at + size)));
    at += size;
  }
  reader.push(Uint8Array.from(fixture.answer.subarray(at)));
  return reader.finish(isComplete);
}

test.each(fixtures)('$name is read as the units that it reports, and costs what the oracle says', (fixture) => {
  const { expected } = fixture;
  const reading = read(fixture, []);
  expect(reading.units).toEqual({ ...noUnits(), ...expected.units, other: expected.other });
  expect(reading.usageSource).toBe(expected.usageSource);
  expect(reading.usageNote === null).toBe(expected.usageSource === 'PROVIDER');

  const { provider, model } = expected;
  const at = new Date(expected.at);
  const cost = book.price({ provider, ...reading, model: reading.model ?? model, atMs: at.getTime() });
  expect(Number(cost.costPico)).toBe(Math.round(Number(expected.costUsd) * 1e12));
  const priced = oracleModel(sourceIds.get(provider) ?? provider, model);
  if (expected.usageSource === 'NONE') expect(expected.costUsd).toBe('0');
  else expect(priced === null ? null : oracleCost(priced, expected.units, at)).toBe(expected.costUsd);
});

test('every dialect has a case of each kind that it can have', () => {
  for (const name of dialects.keys()) {
    const own = fixtures.filter((fixture) => fixture.dialect === name);
    expect(own.length).toBeGreaterThanOrEqual(name.endsWith('embeddings') ? 2 : 4);
    expect(own.some((fixture) => fixture.expected.usageSource === 'ESTIMATED')).toBe(true);
  }
});

test('no split of an answer into chunks changes what is read', () => {
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.array(fc.nat({ max: 400 })), (fixture, sizes) => {
      expect(read(fixture, sizes)).toEqual(read(fixture, []));
    }),
  );
});

test('an answer that comes byte by byte is read the same', () => {
  for (const fixture of fixtures) {
    expect(read(fixture, Array<number>(fixture.answer.length).fill(1))).toEqual(read(fixture, []));
  }
});

test('an answer cut anywhere is read without fault, and what is not exact says why', () => {
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.double({ min: 0, max: 1, noNaN: true }), (fixture, share) => {
      const answer = fixture.answer.subarray(0, Math.floor(fixture.answer.length * share));
      const cut = { ...fixture, answer, expected: { ...fixture.expected, isComplete: false } };
      const { units, usageSource, usageNote } = read(cut, []);
      for (const count of USAGE_UNITS.map((unit) => units[unit]))
        expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
      expect(usageSource === 'PROVIDER' || usageNote !== null).toBe(true);
    }),
  );
});
