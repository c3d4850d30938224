/**
 * Bedrock Converse and ConverseStream. Cached input stands *beside* the input count ("total = inputTokens +
 * cacheReadInputTokens + cacheWriteInputTokens", docs.aws.amazon.com, Prompt caching, 2026-11-27); a stream is of
 * binary frames and tells its usage in the last one, `metadata`. Reasoning is inside the output and not told apart.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { DocumentReader, type AnswerEnd, type AnswerTally } from './answer-reader.js';
import { AwsFrameReader } from './aws-frame-reader.js';
import { bedrockModel, modelOfId } from './bedrock-model.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { openAiChat } from './openai-chat.js';
import { NO_END_MARK } from './stream-end.js';
import { partsText } from './system-text.js';
import type { UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

export const bedrockConverse: Dialect = {
  name: 'bedrock-converse',
  takesStreamUsageOption: false,

  readRequest(body: unknown, path: string): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: bedrockModel(path),
      isStreaming: path.endsWith('/converse-stream'),
      systemText: partsText(json['system']),
      serviceTier: tierOf(json),
      inputTextBytes: textBytes(json['messages']) + textBytes(json['system']) + textBytes(json['toolConfig']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new ConverseTally(facts)),
  newStreamReader: (facts) => new AwsFrameReader(new ConverseTally(facts)),
  endsStream: NO_END_MARK,
  // its streams are no text: a broken one is cut instead
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

/** Latency that is optimised has prices of its own, like a tier. */
function tierOf(value: JsonObject): string | null {
  const latency = textIn(objectIn(value, 'performanceConfig'), 'latency');
  return latency === 'optimized' ? 'optimized' : textIn(objectIn(value, 'serviceTier'), 'type');
}

class ConverseTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;
  private outputTextBytes = 0;
  private model: string | null = null;
  private serviceTier: string | null = null;

  constructor(private readonly facts: RequestFacts) {}

  /** A document, or the payload of a frame: their members do not meet. */
  add(event: JsonObject): void {
    this.usage = objectIn(event, 'usage') ?? this.usage;
    this.serviceTier = tierOf(event) ?? this.serviceTier;
    if (isJsonObject(event['error'])) this.isError = true;
    const routed = textIn(objectIn(objectIn(event, 'trace'), 'promptRouter'), 'invokedModelId');
    if (routed !== null) this.model = modelOfId(routed);
    this.outputTextBytes += textBytes(event['delta']) + textBytes(objectIn(event, 'start'));
    this.outputTextBytes += textBytes(arrayIn(objectIn(objectIn(event, 'output'), 'message'), 'content'));
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, outputTextBytes, facts } = this;
    const model = this.model ?? facts.model;
    const seen = { usage, isError, outputTextBytes, model, serviceTier: this.serviceTier, isFinal: true };
    return readingOf(seen, end, facts, converseUnits);
  }
}

function converseUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = noUnits();
  units.inputTokens = counts.required(usage, 'inputTokens') ?? estimates.inputTokens;
  units.outputTokens = counts.required(usage, 'outputTokens') ?? estimates.outputTokens;
  units.cachedInputTokens = counts.optional(usage, 'cacheReadInputTokens');
  const written = counts.optional(usage, 'cacheWriteInputTokens');
  let oneHour = 0;
  for (const detail of arrayIn(usage, 'cacheDetails')) {
    if (textIn(detail, 'ttl') === '1h') oneHour += counts.optional(detail, 'inputTokens');
  }
  const fiveMinutes = counts.rest('cacheWriteInputTokens', written, oneHour);
  units.cacheWriteTokens = fiveMinutes ?? written;
  units.cacheWrite1hTokens = fiveMinutes === null ? 0 : oneHour;
  return units;
}
