/** Gemini generateContent and streamGenerateContent (server-sent events, or one streamed JSON array). */
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { geminiUnits, trafficTier } from './gemini-usage.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { slimDocument, slimStream, TEXT_BYTES_MAX } from './long-strings.js';
import { NO_END_MARK } from './stream-end.js';
import { partsText } from './system-text.js';
import { readingOf } from './usage-reading.js';

/** The model in a path like `v1beta/models/{model}:generateContent`; null when there is none. */
export function geminiModel(path: string): string | null {
  const from = path.lastIndexOf('models/');
  const to = path.lastIndexOf(':');
  return from === -1 || to < from ? null : path.slice(from + 'models/'.length, to);
}

export const gemini: Dialect = {
  name: 'gemini',
  takesStreamUsageOption: false,

  readRequest(body: unknown, path: string): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    const system = objectIn(json, 'systemInstruction') ?? objectIn(json, 'system_instruction');
    return {
      model: geminiModel(path),
      isStreaming: path.endsWith(':streamGenerateContent'),
      systemText: partsText(arrayIn(system, 'parts')),
      serviceTier: textIn(json, 'serviceTier') ?? textIn(json, 'service_tier'),
      inputTextBytes: textBytes(json['contents']) + textBytes(system) + textBytes(json['tools']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => slimDocument(new GeminiTally(facts), TEXT_BYTES_MAX),
  newStreamReader: (facts) => slimStream(new GeminiTally(facts), TEXT_BYTES_MAX),
  endsStream: NO_END_MARK,
  isLastEvent: (event) => event.includes('"finishReason"'),
  streamErrorEvent: (message) =>
    `data: ${JSON.stringify({ error: { code: 502, message, status: 'UNAVAILABLE' } })}\n\n`,
};

/** Before Gemini 3, a prompt is billed once however often it searches (ai.google.dev, Pricing, 2026-11-27). */
const BILLS_PROMPTS = /^(?:models\/)?gemini-[12]/;

function billedSearches(model: string | null, searches: number): number {
  return model !== null && BILLS_PROMPTS.test(model) ? Math.min(searches, 1) : searches;
}

class GeminiTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isFinished = false;
  private isError = false;
  private outputTextBytes = 0;
  private webSearches = 0;
  private model: string | null = null;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    this.usage = objectIn(event, 'usageMetadata') ?? this.usage;
    this.model ??= textIn(event, 'modelVersion');
    if (isJsonObject(event['error'])) this.isError = true;
    if (isJsonObject(event['promptFeedback'])) this.isFinished = true;
    for (const candidate of arrayIn(event, 'candidates')) {
      this.outputTextBytes += textBytes(objectIn(candidate, 'content'));
      if (textIn(candidate, 'finishReason') !== null) this.isFinished = true;
      const searches = arrayIn(objectIn(candidate, 'groundingMetadata'), 'webSearchQueries').length;
      this.webSearches = Math.max(this.webSearches, searches);
    }
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, outputTextBytes, model } = this;
    const isFinal = end.isComplete || this.isFinished;
    const serviceTier = textIn(usage, 'serviceTier') ?? trafficTier(textIn(usage, 'trafficType'));
    const seen = { usage, isError, outputTextBytes, model, serviceTier, isFinal };
    return readingOf(seen, end, this.facts, (given, counts, estimates) => ({
      ...geminiUnits(given, counts, estimates),
      webSearches: billedSearches(model ?? this.facts.model, this.webSearches),
    }));
  }
}
