/**
 * Reads a case of the usage corpus as the gateway would: the dialect by provider and path, the facts by the request.
 */
import { nothingBilled, type RequestFacts, type UsageReading } from '../../proxy/dialects/dialect.js';
import { selectDialect } from '../../proxy/dialects/select-dialect.js';
import type { UsageFixture } from './usage-fixtures.js';

/** The reading of the case's answer, cut into chunks of these sizes (what is left comes in one). */
export function readUsage(fixture: UsageFixture, sizes: readonly number[]): UsageReading {
  const { name, answer, isStream, expected } = fixture;
  if (expected.status >= 400) return nothingBilled('the provider answered with an error');
  const { provider, path, isComplete } = expected;
  const headers = ['content-type', fixture.contentType, ...Object.entries(expected.headers).flat()];
  const { dialect, isBillable } = selectDialect(provider, 'POST', path);
  if (dialect === null || !isBillable) throw new Error(`nothing reads ${name}`);
  const facts = factsOf(fixture);
  const reader = isStream ? dialect.newStreamReader(facts, headers) : dialect.newDocumentReader(facts, headers);
  let at = 0;
  for (const size of sizes) {
    reader.push(Uint8Array.from(answer.subarray(at, at + size)));
    at += size;
  }
  reader.push(Uint8Array.from(answer.subarray(at)));
  const reading = reader.finish(isComplete);
  return { ...reading, model: reading.model ?? facts.model };
}

function factsOf({ name, isStream, expected }: UsageFixture): RequestFacts {
  const { provider, path, request, inputTextBytes } = expected;
  const facts = selectDialect(provider, 'POST', path).dialect?.readRequest(request, path.replace(/\?.*/, ''));
  if (facts === undefined) throw new Error(`nothing reads the request of ${name}`);
  return { ...facts, isStreaming: isStream, inputTextBytes: inputTextBytes ?? facts.inputTextBytes };
}
