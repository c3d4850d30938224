/** Gemini embedContent and batchEmbedContents: input only, and often without any usage. */
import { noUnits } from '../../schema/contracts/usage-units.js';
import { DocumentReader, type AnswerEnd, type AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { gemini, geminiModel } from './gemini.js';
import { geminiUnits } from './gemini-usage.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { NO_END_MARK } from './stream-end.js';
import { readingOf } from './usage-reading.js';

export const geminiEmbeddings: Dialect = {
  name: 'gemini-embeddings',
  takesStreamUsageOption: false,

  readRequest(body: unknown, path: string): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: geminiModel(path),
      isStreaming: false,
      systemText: null,
      serviceTier: null,
      inputTextBytes: textBytes(json['content']) + requestsTextBytes(json),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new GeminiEmbeddingsTally(facts)),
  newStreamReader: (facts) => new DocumentReader(new GeminiEmbeddingsTally(facts)),
  endsStream: NO_END_MARK,
  streamErrorEvent: (message) => gemini.streamErrorEvent(message),
};

/** A batch's contents; each of its requests also names the model, which is no input. */
function requestsTextBytes(body: JsonObject): number {
  let bytes = 0;
  for (const request of arrayIn(body, 'requests')) bytes += textBytes(objectIn(request, 'content'));
  return bytes;
}

class GeminiEmbeddingsTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    this.usage = objectIn(event, 'usageMetadata') ?? this.usage;
    if (isJsonObject(event['error'])) this.isError = true;
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError } = this;
    const seen = { usage, isError, outputTextBytes: 0, model: null, serviceTier: null, isFinal: true };
    return readingOf(seen, { ...end, unreadBytes: 0 }, this.facts, (given, counts, estimates) => {
      const isVideo = arrayIn(given, 'promptTokenDetails').some((entry) => textIn(entry, 'modality') === 'VIDEO');
      if (isVideo) counts.problems.push('video input is priced as text'); // embeddings price it apart; we have no unit
      return { ...noUnits(), ...geminiUnits(given, counts, estimates) };
    });
  }
}
