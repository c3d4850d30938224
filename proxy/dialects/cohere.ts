/**
 * Cohere's own API: chat (v1 and v2), generate, embed, rerank, classify. What it bills stands in `billed_units`;
 * `tokens` are what the model saw, with Cohere's own prompts, and are billed to nobody. v2 streams are server-sent
 * events that end in `message-end`, v1 streams are JSON objects line by line that end in `stream-end`.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { DocumentReader, StreamReader, type AnswerEnd, type AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { endsWithLine } from './stream-end.js';
import { systemTextOf } from './system-text.js';
import type { UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

const PROMPTS = ['messages', 'message', 'chat_history', 'preamble', 'prompt', 'texts', 'inputs', 'query', 'documents'];
/** Billed units that are no tokens, by the names that they have here. */
const OTHER: readonly (readonly [string, string])[] = [
  ['search_units', 'searchUnits'],
  ['classifications', 'classifications'],
  ['images', 'images'],
  ['pages', 'pages'],
];

export const cohere: Dialect = {
  name: 'cohere',
  takesStreamUsageOption: false,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: textIn(json, 'model'),
      isStreaming: json['stream'] === true,
      systemText: textIn(json, 'preamble') ?? systemTextOf(arrayIn(json, 'messages')),
      serviceTier: null,
      inputTextBytes: PROMPTS.reduce((bytes, name) => bytes + textBytes(json[name]), textBytes(json['tools'])),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new CohereTally(facts)),
  newStreamReader: (facts) => new StreamReader(new CohereTally(facts)),
  endsStream: (chunk) => endsWithLine(chunk, 'data:[DONE]'),
  streamErrorEvent: (message) => `event: error\ndata: ${JSON.stringify({ type: 'error', message })}\n\n`,
};

class CohereTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;
  private outputTextBytes = 0;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    const type = textIn(event, 'type') ?? textIn(event, 'event_type');
    switch (type) {
      case 'message-end':
        this.take(objectIn(objectIn(event, 'delta'), 'usage'));
        return;
      case 'stream-end':
        this.take(objectIn(objectIn(event, 'response'), 'meta'));
        return;
      case 'error':
        this.isError = true;
        return;
      case 'text-generation':
        this.outputTextBytes += textBytes(event['text']);
        return;
      default:
        this.addDocument(event);
    }
  }

  /** An answer that does not stream, or a delta. */
  private addDocument(event: JsonObject): void {
    this.take(objectIn(event, 'usage') ?? objectIn(event, 'meta'));
    if (isJsonObject(event['error'])) this.isError = true;
    this.outputTextBytes += textBytes(objectIn(event, 'delta')) + textBytes(event['message']);
    this.outputTextBytes += textBytes(event['text']) + textBytes(event['generations']);
  }

  private take(usage: JsonObject | null): void {
    if (objectIn(usage, 'billed_units') !== null) this.usage = usage;
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, outputTextBytes } = this;
    const seen = { usage, isError, outputTextBytes, model: null, serviceTier: null, isFinal: true };
    // vectors and scores are no text: what of them could not be read is not estimated
    const isText = outputTextBytes > 0 || this.facts.isStreaming;
    return readingOf(seen, isText ? end : { ...end, unreadBytes: 0 }, this.facts, cohereUnits);
  }
}

function cohereUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = noUnits();
  const billed = objectIn(usage, 'billed_units');
  const other: Record<string, number> = {};
  for (const [name, unit] of OTHER) {
    const count = counts.optional(billed, name);
    if (count > 0) other[unit] = count;
  }
  units.imageInputTokens = counts.optional(billed, 'image_tokens');
  const isOther = Object.keys(other).length > 0 || units.imageInputTokens > 0;
  if (isOther) units.other = Object.keys(other).length > 0 ? other : null;
  // each endpoint bills what it has: searches have no tokens, embeddings no output
  const has = (name: string): boolean => billed !== null && billed[name] !== undefined;
  const input = isOther && !has('input_tokens') ? 0 : counts.required(billed, 'input_tokens');
  units.inputTokens = input ?? estimates.inputTokens;
  const isVisible = has('output_tokens') || estimates.outputTokens > 0;
  const output = isVisible ? counts.required(billed, 'output_tokens') : 0;
  units.outputTokens = output ?? estimates.outputTokens;
  return units;
}
