/**
 * OpenAI speech. The answer is sound, which tells nothing: what is billed are the characters sent, unless it comes as
 * server-sent events, whose last one reports tokens.
 */
import { noUnits } from '../../schema/contracts/usage-units.js';
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { characters, textBytes } from './estimate.js';
import { isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { slimStream } from './long-strings.js';
import { MediaReader } from './media-reader.js';
import { openAiChat } from './openai-chat.js';
import { NO_END_MARK } from './stream-end.js';
import { readingOf } from './usage-reading.js';

export const openAiSpeech: Dialect = {
  name: 'openai-speech',
  takesStreamUsageOption: false,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: textIn(json, 'model'),
      isStreaming: json['stream_format'] === 'sse',
      systemText: textIn(json, 'instructions'),
      serviceTier: null,
      inputTextBytes: textBytes(json['input']) + textBytes(json['instructions']),
      otherUnits: characters(json['input']),
    };
  },
  newDocumentReader: (facts) => new MediaReader(facts),
  newStreamReader: (facts) => slimStream(new SpeechTally(facts)),
  endsStream: NO_END_MARK,
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

class SpeechTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    this.usage = objectIn(event, 'usage') ?? this.usage;
    if (isJsonObject(event['error']) || event['type'] === 'error') this.isError = true;
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, facts } = this;
    const seen = { usage, isError, outputTextBytes: 0, model: null, serviceTier: null, isFinal: true };
    const reading = readingOf(seen, { ...end, unreadBytes: 0 }, facts, (given, counts, estimates) => {
      const units = noUnits();
      units.inputTokens = counts.required(given, 'input_tokens') ?? estimates.inputTokens;
      units.audioOutputTokens = counts.required(given, 'output_tokens') ?? 0;
      return units;
    });
    if (reading.usageSource !== 'ESTIMATED' || reading.units.audioOutputTokens > 0) return reading;
    // sound was made of which no count is known: the characters stand for it
    return { ...reading, units: { ...noUnits(), other: facts.otherUnits ?? reading.units.other ?? { characters: 0 } } };
  }
}
