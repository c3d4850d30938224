/** OpenAI responses: usage stands in the document, or in the response inside a stream's last event. */
import type { UsageUnits } from '../../schema/contracts/usage-units.js';
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { slimDocument, slimStream, TEXT_BYTES_MAX } from './long-strings.js';
import { RESPONSES_USAGE, openAiUnits } from './openai-usage.js';
import { isWholeEvent } from './stream-end.js';
import { partsText, systemTextOf } from './system-text.js';
import { hasCount } from './usage-counts.js';
import { readingOf } from './usage-reading.js';

const TERMINAL_EVENTS = ['response.completed', 'response.incomplete', 'response.failed'];
const PENDING = ['queued', 'in_progress'];
const PENDING_NOTE = 'the response is made in the background, and tells its usage to who asks for it later';
const TERMINAL_LINES = TERMINAL_EVENTS.map((type) => `event: ${type}`);

export const openAiResponses: Dialect = {
  name: 'openai-responses',
  takesStreamUsageOption: false,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    const texts = [partsText(json['instructions']), systemTextOf(arrayIn(json, 'input'))].filter(
      (text) => text !== null,
    );
    return {
      model: textIn(json, 'model'),
      isStreaming: json['stream'] === true,
      systemText: texts.length === 0 ? null : texts.join('\n'),
      serviceTier: textIn(json, 'service_tier'),
      inputTextBytes: textBytes(json['input']) + textBytes(json['instructions']) + textBytes(json['tools']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => slimDocument(new ResponsesTally(facts), TEXT_BYTES_MAX),
  newStreamReader: (facts) => slimStream(new ResponsesTally(facts), TEXT_BYTES_MAX),
  endsStream: (chunk) => TERMINAL_LINES.some((line) => isWholeEvent(chunk, line)),
  isPending: (document) => isJsonObject(document) && isPending(document),
  streamErrorEvent(message) {
    const event = { type: 'error', code: 'upstream_error', message, param: null, sequence_number: 0 };
    return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
  },
};

const isPending = (response: JsonObject): boolean => PENDING.includes(textIn(response, 'status') ?? '');

class ResponsesTally implements AnswerTally {
  private response: JsonObject | null = null;
  private isError = false;
  /** it goes on at the provider when this answer ends, and is billed for what nobody sees here */
  private isPending = false;
  private outputTextBytes = 0;
  private model: string | null = null;
  private serviceTier: string | null = null;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    const type = textIn(event, 'type');
    const response = type === null ? event : objectIn(event, 'response');
    if (response !== null) {
      this.model ??= textIn(response, 'model');
      this.serviceTier = textIn(response, 'service_tier') ?? this.serviceTier;
      if (type === null || TERMINAL_EVENTS.includes(type)) this.response = response;
      const isInBackground = type === null || response['background'] === true;
      this.isPending = isInBackground && isPending(response);
    }
    if (type === 'error' || type === 'response.failed' || isJsonObject(event['error'])) this.isError = true;
    if (type?.endsWith('.delta')) this.outputTextBytes += textBytes(event['delta']);
  }

  reading(end: AnswerEnd): UsageReading {
    const usage = objectIn(this.response, 'usage');
    const webSearches = arrayIn(this.response, 'output').filter(isWebSearch).length;
    if (!hasCount(usage, RESPONSES_USAGE.output) && this.response !== null)
      this.outputTextBytes ||= textBytes(this.response['output']);
    const { isError, outputTextBytes, model, serviceTier } = this;
    const seen = { usage, isError, outputTextBytes, model, serviceTier, isFinal: true };
    const { response } = this;
    const reading = readingOf(seen, end, this.facts, (given, counts, estimates) => {
      const units = openAiUnits(given, RESPONSES_USAGE, counts, estimates);
      units.webSearches = Math.max(units.webSearches, webSearches);
      addTools(units, response);
      return units;
    });
    return this.isPending && usage === null ? unread(reading) : reading;
  }
}

/** What the response uses is told by a GET, which is free and which nobody need send. */
function unread(reading: UsageReading): UsageReading {
  const units = { ...reading.units, other: { unreadCalls: 1 } };
  return { ...reading, units, usageSource: 'ESTIMATED', usageNote: PENDING_NOTE };
}

/** Tools that are billed by the call, or by the container that they run in, and whose tokens stand nowhere. */
const TOOL_UNITS = new Map([
  ['code_interpreter_call', 'codeExecutions'],
  ['file_search_call', 'fileSearches'],
  ['image_generation_call', 'images'],
]);

/** xAI's usage may have counted the same calls. */
function addTools(units: UsageUnits, response: JsonObject | null): void {
  const calls = new Map<string, number>();
  for (const item of arrayIn(response, 'output')) {
    const unit = TOOL_UNITS.get(textIn(item, 'type') ?? '');
    if (unit !== undefined) calls.set(unit, (calls.get(unit) ?? 0) + 1);
  }
  for (const [unit, count] of calls) {
    units.other = { ...units.other, [unit]: Math.max(count, units.other?.[unit] ?? 0) };
  }
}

/** Searches are billed by the call; opening a page and looking for text in it are not. */
function isWebSearch(item: unknown): boolean {
  if (textIn(item, 'type') !== 'web_search_call') return false;
  const action = objectIn(item, 'action');
  return action === null || textIn(action, 'type') === 'search';
}
