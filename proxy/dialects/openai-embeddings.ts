/** OpenAI embeddings: input tokens only. */
import { noUnits } from '../../schema/contracts/usage-units.js';
import { DocumentReader, StreamReader, type AnswerEnd, type AnswerTally, type Skim } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { openAiChat } from './openai-chat.js';
import { NO_END_MARK } from './stream-end.js';
import { hasCount } from './usage-counts.js';
import { readingOf } from './usage-reading.js';

export const openAiEmbeddings: Dialect = {
  name: 'openai-embeddings',
  takesStreamUsageOption: false,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: textIn(json, 'model'),
      isStreaming: false,
      systemText: null,
      serviceTier: null,
      inputTextBytes: textBytes(json['input']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new EmbeddingsTally(facts), WITHOUT_VECTORS),
  newStreamReader: (facts) => new StreamReader(new EmbeddingsTally(facts)),
  endsStream: NO_END_MARK,
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

/** Thousands of numbers that nobody counts. */
const WITHOUT_VECTORS: Skim = {
  without: 'data',
  isEnough: (event) => hasCount(objectIn(event, 'usage'), 'prompt_tokens'),
};

class EmbeddingsTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;
  private model: string | null = null;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    this.usage = objectIn(event, 'usage') ?? this.usage;
    this.model ??= textIn(event, 'model');
    if (isJsonObject(event['error'])) this.isError = true;
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, model } = this;
    const seen = { usage, isError, model, serviceTier: null, outputTextBytes: 0, isFinal: true };
    // vectors are no text: whatever could not be read, no output is estimated
    return readingOf(seen, { ...end, unreadBytes: 0 }, this.facts, (given, counts, estimates) => ({
      ...noUnits(),
      inputTokens: counts.required(given, 'prompt_tokens') ?? estimates.inputTokens,
    }));
  }
}
