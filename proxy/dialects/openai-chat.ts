/** OpenAI chat completions, and the older completions: the dialect that most providers copy. */
import { DocumentReader, StreamReader, type AnswerEnd, type Skim } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { trafficTier } from './gemini-usage.js';
import { arrayOf, isJsonObject, objectIn, objectOf, textIn, textOf, type JsonObject } from './json-value.js';
import { CHAT_USAGE, openAiUnits } from './openai-usage.js';
import { RepeatedEvents, type TextTally } from './repeated-events.js';
import { endsWithLine } from './stream-end.js';
import { systemTextOf } from './system-text.js';
import { isCount } from './usage-counts.js';
import { readingOf } from './usage-reading.js';

export const openAiChat: Dialect = {
  name: 'openai-chat',
  takesStreamUsageOption: true,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: textOf(json['model']),
      isStreaming: json['stream'] === true,
      systemText: systemTextOf(arrayOf(json['messages'])),
      serviceTier: textOf(json['service_tier']),
      inputTextBytes: textBytes(json['messages'] ?? json['prompt']) + textBytes(json['tools']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new ChatTally(facts), WITHOUT_CHOICES),
  newStreamReader(facts) {
    const tally = new ChatTally(facts);
    return new StreamReader(tally, new RepeatedEvents(tally, DELTA_STRINGS));
  },
  endsStream: (chunk) => endsWithLine(chunk, 'data:[DONE]'),
  streamErrorEvent: (message) =>
    `data: ${JSON.stringify({ error: { message, type: 'upstream_error', param: null, code: null } })}\n\n`,
};

/** In a delta, its text; OpenAI pads each event to hide how long that is. */
const DELTA_STRINGS = [
  { opening: Buffer.from('"delta":{"content":"'), isText: true },
  { opening: Buffer.from('"obfuscation":"'), isText: false },
];

/** The choices hold text, which counts only where a count is missing. */
const WITHOUT_CHOICES: Skim = {
  without: 'choices',
  isEnough(event) {
    const usage = objectOf(event['usage']);
    return isCount(usage?.[CHAT_USAGE.input]) && isCount(usage?.[CHAT_USAGE.output]);
  },
};

/** OpenAI's models that look into the web before they answer: each search is billed, and their number told nowhere. */
const SEARCHES_ALWAYS = /\bgpt-[\w.-]+-search-(?:preview|api)\b/;

/** Of Vertex AI's API in OpenAI's format. */
function vertexTier(usage: JsonObject | null): string | null {
  if (usage === null || usage['extra_properties'] === undefined) return null;
  return trafficTier(textIn(objectIn(objectIn(usage, 'extra_properties'), 'google'), 'traffic_type'));
}

class ChatTally implements TextTally {
  private usage: JsonObject | null = null;
  private isError = false;
  outputTextBytes = 0;
  private model: string | null = null;
  private serviceTier: string | null = null;
  private isFinished = false;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    // Groq's streams tell it under a name of their own when it was not asked for.
    const usage = objectOf(event['usage']) ?? objectIn(event['x_groq'], 'usage');
    if (usage !== null) this.usage = usage;
    if (isJsonObject(event['error'])) this.isError = true;
    this.model ??= textOf(event['model']);
    this.serviceTier = textOf(event['service_tier']) ?? vertexTier(usage) ?? this.serviceTier;
    const choices = arrayOf(event['choices']);
    if (usage !== null && choices.length === 0) this.isFinished = true; // the chunk that carries nothing but usage
    const isCounted = isCount(usage?.[CHAT_USAGE.output]);
    for (const choice of choices) {
      if (!isJsonObject(choice)) continue;
      if (choice['finish_reason'] !== null && choice['finish_reason'] !== undefined) this.isFinished = true;
      if (!isCounted) this.outputTextBytes += textBytes(choice['delta'] ?? choice['message'] ?? choice['text']);
    }
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, outputTextBytes, model, serviceTier } = this;
    const seen = { usage, isError, outputTextBytes, model, serviceTier, isFinal: end.isComplete || this.isFinished };
    return readingOf(seen, end, this.facts, (given, counts, estimates) => {
      const units = openAiUnits(given, CHAT_USAGE, counts, estimates);
      if (units.webSearches === 0 && SEARCHES_ALWAYS.test(model ?? this.facts.model ?? '')) {
        units.webSearches = 1;
        counts.problems.push('searches of the web are not told; one is counted');
      }
      return units;
    });
  }
}
