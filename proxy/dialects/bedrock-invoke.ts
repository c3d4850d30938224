/**
 * Bedrock InvokeModel in the formats of models other than Claude. Whatever the format, Bedrock counts the tokens
 * itself: of a document in two headers, of a stream in `amazon-bedrock-invocationMetrics` of its last event. Images are
 * counted in the answer.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { headerOf } from '../header-list.js';
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import { AwsFrameReader } from './aws-frame-reader.js';
import { bedrockModel } from './bedrock-model.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { slimDocument } from './long-strings.js';
import { openAiChat } from './openai-chat.js';
import { NO_END_MARK } from './stream-end.js';
import { partsText } from './system-text.js';
import type { UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

/** Settings of a request are no text of it. */
const PROMPTS = [
  'messages',
  'system',
  'prompt',
  'inputText',
  'texts',
  'query',
  'documents',
  'textToImageParams',
  'input',
];
const METRICS = 'amazon-bedrock-invocationMetrics';
/** Metrics by the header that tells the same of a document. */
const HEADERS: readonly (readonly [string, string])[] = [
  ['inputTokenCount', 'x-amzn-bedrock-input-token-count'],
  ['outputTokenCount', 'x-amzn-bedrock-output-token-count'],
  ['cacheReadInputTokenCount', 'x-amzn-bedrock-cache-read-input-token-count'],
  ['cacheWriteInputTokenCount', 'x-amzn-bedrock-cache-write-input-token-count'],
];

export const bedrockInvoke: Dialect = {
  name: 'bedrock-invoke',
  takesStreamUsageOption: false,

  readRequest(body: unknown, path: string): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: bedrockModel(path),
      isStreaming: path.endsWith('/invoke-with-response-stream'),
      systemText: partsText(json['system']),
      serviceTier: textIn(json, 'service_tier'),
      inputTextBytes: PROMPTS.reduce((bytes, name) => bytes + textBytes(json[name]), 0),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts, headers) => slimDocument(new InvokeTally(facts, metricsIn(headers ?? []))),
  newStreamReader: (facts) => new AwsFrameReader(new InvokeTally(facts, null)),
  endsStream: NO_END_MARK,
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

/** Counts of the headers, digits as numbers and anything else as it is: it will be named. */
function metricsIn(headers: readonly string[]): JsonObject | null {
  const metrics: Record<string, unknown> = {};
  for (const [name, header] of HEADERS) {
    const value = headerOf(headers, header);
    if (value !== null) metrics[name] = /^\d{1,15}$/.test(value) ? Number(value) : value;
  }
  return Object.keys(metrics).length === 0 ? null : metrics;
}

class InvokeTally implements AnswerTally {
  private isError = false;
  private outputTextBytes = 0;
  private images = 0;

  constructor(
    private readonly facts: RequestFacts,
    private metrics: JsonObject | null,
  ) {}

  add(event: JsonObject): void {
    this.metrics = objectIn(event, METRICS) ?? this.metrics;
    if (event['type'] === 'error' || isJsonObject(event['error'])) {
      this.isError = true;
      return; // what it says is no output
    }
    this.images += arrayIn(event, 'images').filter((image) => typeof image === 'string').length;
    for (const [name, member] of Object.entries(event)) {
      if (name !== METRICS && name !== 'images' && !isVector(name)) this.outputTextBytes += textBytes(member);
    }
  }

  reading(end: AnswerEnd): UsageReading {
    const { images, isError, outputTextBytes, facts } = this;
    // image models bill by the image alone, and tell no tokens
    const usage = this.metrics ?? (images > 0 ? NO_TOKENS : null);
    const seen = { usage, isError, outputTextBytes, model: facts.model, serviceTier: null, isFinal: true };
    return readingOf(seen, end, facts, (given, counts, estimates) => {
      const units = invokeUnits(given, counts, estimates);
      if (images > 0) units.other = { images };
      return units;
    });
  }
}

const NO_TOKENS: JsonObject = Object.freeze({ inputTokenCount: 0, outputTokenCount: 0 });
const isVector = (name: string): boolean =>
  name === 'embedding' || name === 'embeddings' || name === 'embeddingsByType';

function invokeUnits(metrics: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = noUnits();
  units.inputTokens = counts.required(metrics, 'inputTokenCount') ?? estimates.inputTokens;
  // embeddings have none
  units.outputTokens =
    metrics['outputTokenCount'] === undefined && estimates.outputTokens === 0
      ? 0
      : (counts.required(metrics, 'outputTokenCount') ?? estimates.outputTokens);
  units.cachedInputTokens = counts.optional(metrics, 'cacheReadInputTokenCount');
  units.cacheWriteTokens = counts.optional(metrics, 'cacheWriteInputTokenCount');
  return units;
}
