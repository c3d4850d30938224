/** Anthropic messages. Cached input stands *beside* the input count; a stream's counts are cumulative. */
import { addUnits, noUnits, totalTokensIn, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { DocumentReader, StreamReader, type AnswerEnd } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { RepeatedEvents, type TextTally } from './repeated-events.js';
import { endsWithLine } from './stream-end.js';
import { partsText, systemTextOf } from './system-text.js';
import { hasCount, UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  takesStreamUsageOption: false,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    const texts = [partsText(json['system']), systemTextOf(arrayIn(json, 'messages'))].filter((text) => text !== null);
    return {
      model: textIn(json, 'model'),
      isStreaming: json['stream'] === true,
      systemText: texts.length === 0 ? null : texts.join('\n'),
      serviceTier: textIn(json, 'service_tier'),
      inputTextBytes: textBytes(json['messages']) + textBytes(json['system']) + textBytes(json['tools']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new MessagesTally(facts)),
  newStreamReader(facts) {
    const tally = new MessagesTally(facts);
    return new StreamReader(tally, new RepeatedEvents(tally, DELTA_STRINGS));
  },
  endsStream: (chunk) => endsWithLine(chunk, 'data:{"type":"message_stop"}'),
  streamErrorEvent(message) {
    const event = { type: 'error', error: { type: 'api_error', message } };
    return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
  },
};

const DELTA_STRINGS = [{ opening: Buffer.from('"delta":{"type":"text_delta","text":"'), isText: true }];

export class MessagesTally implements TextTally {
  private usage: JsonObject | null = null;
  private isFinal = false;
  private isError = false;
  outputTextBytes = 0;
  private model: string | null = null;
  private isDocument = false;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    switch (event['type']) {
      case 'message':
        this.addMessage(event);
        this.isDocument = true;
        this.isFinal = this.usage !== null;
        if (!hasCount(this.usage, 'output_tokens')) this.outputTextBytes += textBytes(event['content']);
        return;
      case 'message_start':
        this.addMessage(event['message']);
        return;
      case 'content_block_start':
        this.outputTextBytes += textBytes(event['content_block']);
        return;
      case 'content_block_delta':
        this.outputTextBytes += textBytes(event['delta']);
        return;
      case 'message_delta': {
        // cumulative, and it may repeat or correct what message_start said
        const usage = objectIn(event, 'usage');
        if (usage === null) return;
        this.usage = newer(this.usage, usage);
        this.isFinal = true;
        return;
      }
      case 'message_stop':
        if (!this.isFinal) this.addMetrics(objectIn(event, 'amazon-bedrock-invocationMetrics'));
        return;
      case 'error':
        this.isError = true;
    }
  }

  /** Bedrock's own count of a stream, in its last event: it stands in for counts that the model's events lack. */
  private addMetrics(metrics: JsonObject | null): void {
    if (metrics === null) return;
    this.usage = {
      cache_read_input_tokens: metrics['cacheReadInputTokenCount'],
      cache_creation_input_tokens: metrics['cacheWriteInputTokenCount'],
      ...this.usage,
      input_tokens: metrics['inputTokenCount'],
      output_tokens: metrics['outputTokenCount'],
    };
    this.isFinal = true;
  }

  private addMessage(message: unknown): void {
    this.model ??= textIn(message, 'model');
    const usage = objectIn(message, 'usage');
    if (usage !== null) this.usage = newer(this.usage, usage);
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, outputTextBytes, model } = this;
    // fast mode has prices of its own, like a tier
    const serviceTier = textIn(usage, 'speed') === 'fast' ? 'fast' : textIn(usage, 'service_tier');
    const isFinal = this.isFinal || this.isDocument;
    const seen = { usage, isError, outputTextBytes, model, serviceTier, isFinal };
    return readingOf(seen, end, this.facts, anthropicUnits);
  }
}

/** What a later event tells stands before what was known; a null in it tells nothing, and takes no count away. */
function newer(known: JsonObject | null, given: JsonObject): JsonObject {
  const told = Object.entries(given).filter(([, value]) => value !== null);
  return { ...known, ...Object.fromEntries(told) };
}

function anthropicUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = samplingUnits(usage, counts, estimates);
  // a surcharge of a tenth on newer models, which the price list does not have
  if (usage['inference_geo'] === 'us') counts.problems.push('inference_geo us is priced at the global rate');
  units.webSearches = counts.optional(objectIn(usage, 'server_tool_use'), 'web_search_requests');
  return withCompactions(units, usage, counts, estimates);
}

/** Tokens of an answer as a whole, or of one of the samplings that it is made of. */
function samplingUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = noUnits();
  units.inputTokens = counts.required(usage, 'input_tokens') ?? estimates.inputTokens;
  units.cachedInputTokens = counts.optional(usage, 'cache_read_input_tokens');

  // the two classes share the total; without the split all of it is of the 5-minute class
  const split = objectIn(usage, 'cache_creation');
  const fiveMinutes = counts.optional(split, 'ephemeral_5m_input_tokens');
  const oneHour = counts.optional(split, 'ephemeral_1h_input_tokens');
  const written = counts.optional(usage, 'cache_creation_input_tokens') || fiveMinutes + oneHour;
  const unsplit = counts.rest('cache_creation_input_tokens', written, fiveMinutes, oneHour);
  // a stream's last total may exceed the split that its start gave
  if (unsplit !== null && unsplit > 0 && oneHour > 0) counts.problems.push('cache_creation does not add up');
  units.cacheWriteTokens = unsplit === null ? written : fiveMinutes + unsplit;
  units.cacheWrite1hTokens = unsplit === null ? 0 : oneHour;

  const output = counts.required(usage, 'output_tokens') ?? estimates.outputTokens;
  const thinking = counts.optional(objectIn(usage, 'output_tokens_details'), 'thinking_tokens');
  const visible = counts.rest('output_tokens', output, thinking);
  units.outputTokens = visible ?? output;
  units.reasoningTokens = visible === null ? 0 : thinking;
  return units;
}

/** Some models' prices step there, by the input of each sampling; a record is priced by the sum of them. */
const LONG_INPUT_TOKENS = 200_000;

/**
 * The totals leave out the samplings that summarise a long conversation, which are billed (platform.claude.com,
 * Compaction at a token threshold, 2026-10-30), and those of an adviser or of a model that declined, whose prices are
 * others.
 */
function withCompactions(units: UsageUnits, usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  let sum = units;
  let isOtherKind = false;
  let isAnyShort = false;
  for (const iteration of arrayIn(usage, 'iterations')) {
    const type = textIn(iteration, 'type');
    if (!isJsonObject(iteration) || (type !== 'message' && type !== 'compaction')) {
      isOtherKind = true;
      continue;
    }
    const isCompaction = type === 'compaction';
    const own = samplingUnits(iteration, isCompaction ? counts : new UsageCounts(), estimates);
    if (isCompaction) sum = addUnits(sum, own);
    isAnyShort ||= totalTokensIn(own) <= LONG_INPUT_TOKENS;
  }
  if (isOtherKind) counts.problems.push('an iteration of another kind, or of another model, is not counted');
  if (isAnyShort && totalTokensIn(sum) > LONG_INPUT_TOKENS) {
    counts.problems.push('the iterations are priced as one long input');
  }
  return sum;
}
