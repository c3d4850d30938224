/**
 * Workers AI's own API (`/run/{model}`): the answer stands in `result` of Cloudflare's envelope, a stream's events have
 * `response` and, in the last one, `usage`. Most models that write text tell their tokens; the others tell nothing, or
 * what Cloudflare bills them in, neurons, in a header.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { headerOf } from '../header-list.js';
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, type JsonObject } from './json-value.js';
import { slimDocument, slimStream } from './long-strings.js';
import { openAiChat } from './openai-chat.js';
import { CHAT_USAGE, openAiUnits, RESPONSES_USAGE } from './openai-usage.js';
import { endsWithLine } from './stream-end.js';
import { systemTextOf } from './system-text.js';
import type { UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

const MODEL_IN_PATH = /(?:^|\/)(@[a-z]+\/.+)$/;
const PROMPTS = ['messages', 'prompt', 'input', 'text', 'context', 'query', 'contexts', 'input_text', 'tools'];
const NEURONS_HEADER = 'cf-ai-neurons';
const DECIMAL = /^\d{1,9}(?:\.\d{1,20})?$/;

/** The model in `run/@cf/meta/llama-3.1-8b-instruct`, with or without its `run/`. */
function workersModel(path: string): string | null {
  return MODEL_IN_PATH.exec(path.replaceAll('%40', '@'))?.[1] ?? null;
}

export const workersAiRun: Dialect = {
  name: 'workers-ai-run',
  takesStreamUsageOption: false,

  readRequest(body: unknown, path: string): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: workersModel(path),
      isStreaming: json['stream'] === true,
      systemText: systemTextOf(arrayIn(json, 'messages')),
      serviceTier: null,
      inputTextBytes: PROMPTS.reduce((bytes, name) => bytes + textBytes(json[name]), 0),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts, headers) => slimDocument(new RunTally(facts, neuronsIn(headers ?? []))),
  newStreamReader: (facts, headers) => slimStream(new RunTally(facts, neuronsIn(headers ?? []))),
  endsStream: (chunk) => endsWithLine(chunk, 'data:[DONE]'),
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

/** Thousandths of a neuron, rounded up; null when the answer tells none. Decimal text, never a fraction in binary. */
function neuronsIn(headers: readonly string[]): number | null {
  const text = headerOf(headers, NEURONS_HEADER);
  if (text === null || !DECIMAL.test(text)) return null;
  const [whole = '0', fraction = ''] = text.split('.');
  const rest = /[1-9]/.test(fraction.slice(3)) ? 1 : 0;
  return Number(whole) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0')) + rest;
}

class RunTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;
  private outputTextBytes = 0;

  constructor(
    private readonly facts: RequestFacts,
    private readonly milliNeurons: number | null,
  ) {}

  add(event: JsonObject): void {
    const result = objectIn(event, 'result') ?? event;
    this.usage = objectIn(result, 'usage') ?? this.usage;
    if (event['success'] === false || isJsonObject(event['error'])) this.isError = true;
    this.outputTextBytes += textBytes(result['response']) + textBytes(result['text']) + textBytes(result['tool_calls']);
    this.outputTextBytes += textBytes(result['translated_text']) + textBytes(result['summary']);
    this.outputTextBytes += textBytes(result['output']) + textBytes(result['description']);
    for (const choice of arrayIn(result, 'choices')) {
      if (isJsonObject(choice)) this.outputTextBytes += textBytes(choice['delta'] ?? choice['message']);
    }
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, outputTextBytes, facts, milliNeurons } = this;
    const seen = { usage, isError, outputTextBytes, model: facts.model, serviceTier: null, isFinal: end.isComplete };
    if (usage === null && milliNeurons !== null && end.isComplete) {
      const units = { ...noUnits(), other: { milliNeurons } };
      return { units, usageSource: 'PROVIDER', usageNote: null, model: facts.model, serviceTier: null };
    }
    // images and sound that are no JSON are no text either
    const isMedia = usage === null && outputTextBytes === 0 && !facts.isStreaming;
    return readingOf(seen, isMedia ? { ...end, unreadBytes: 0 } : end, facts, runUnits);
  }
}

/** Some models speak as OpenAI's chat does, some as its responses. */
function runUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const names =
    usage['prompt_tokens'] === undefined && usage['input_tokens'] !== undefined ? RESPONSES_USAGE : CHAT_USAGE;
  // embeddings and classifiers put out no text, and tell no count of it
  const isSilent = usage[names.output] === undefined && estimates.outputTokens === 0;
  const told = isSilent ? { ...usage, [names.output]: 0 } : usage;
  return openAiUnits(told, names, counts, estimates);
}
