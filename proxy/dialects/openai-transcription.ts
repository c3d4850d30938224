/**
 * OpenAI transcriptions and translations of sound. Requests are forms. Newer models report tokens, Whisper the sound's
 * duration; an answer in plain text or subtitles reports nothing.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { DocumentReader, StreamReader, type AnswerEnd, type AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { openAiChat } from './openai-chat.js';
import { CHAT_USAGE, openAiUnits } from './openai-usage.js';
import { endsWithLine } from './stream-end.js';
import type { UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

export const openAiTranscription: Dialect = {
  name: 'openai-transcription',
  takesStreamUsageOption: false,
  takesForms: true,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: textIn(json, 'model'),
      isStreaming: json['stream'] === true || json['stream'] === 'true',
      systemText: null,
      serviceTier: null,
      inputTextBytes: textBytes(json['prompt']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => new DocumentReader(new TranscriptionTally(facts)),
  newStreamReader: (facts) => new StreamReader(new TranscriptionTally(facts)),
  endsStream: (chunk) => endsWithLine(chunk, 'data:[DONE]'),
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

class TranscriptionTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private seconds: unknown = undefined;
  private isError = false;
  private outputTextBytes = 0;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    const type = textIn(event, 'type');
    this.usage = objectIn(event, 'usage') ?? this.usage;
    if (isJsonObject(event['error']) || type === 'error') this.isError = true;
    if (type === null || type === 'transcript.text.delta') {
      this.outputTextBytes += textBytes(event['delta']) + textBytes(event['text']);
    }
    // verbose answers tell it, whether or not they have usage; the event of a segment has one of its own
    if (type === null && event['duration'] !== undefined) this.seconds = event['duration'];
  }

  reading(end: AnswerEnd): UsageReading {
    const { isError, outputTextBytes, facts } = this;
    const usage = this.usage ?? (this.seconds === undefined ? null : { type: 'duration', seconds: this.seconds });
    const seen = { usage, isError, outputTextBytes, model: null, serviceTier: null, isFinal: true };
    const reading = readingOf(seen, end, facts, transcriptionUnits);
    if (usage !== null || reading.usageSource === 'NONE') return reading;
    // the text's tokens are a small part of what is billed: how long the sound was, nobody told
    return { ...reading, units: { ...reading.units, other: UNTOLD } };
  }
}

/** Sound of unknown length: it has no price, so that its cost is unknown and not too low. */
const UNTOLD = Object.freeze({ untoldAudio: 1 });

function transcriptionUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = noUnits();
  if (usage['seconds'] !== undefined || usage['type'] === 'duration') {
    const audioMilliseconds = counts.milliseconds(usage, 'seconds');
    units.other = audioMilliseconds === null ? UNTOLD : { audioMilliseconds };
    return units;
  }
  if (usage['prompt_tokens'] !== undefined) return openAiUnits(usage, CHAT_USAGE, counts, estimates); // Mistral
  const input = counts.required(usage, 'input_tokens');
  const audio = counts.optional(objectIn(usage, 'input_token_details'), 'audio_tokens');
  const text = counts.rest('input_tokens', input ?? estimates.inputTokens + audio, audio);
  units.inputTokens = text ?? input ?? estimates.inputTokens;
  units.audioInputTokens = text === null ? 0 : audio;
  if (input === null && audio === 0) units.other = UNTOLD;
  units.outputTokens = counts.required(usage, 'output_tokens') ?? estimates.outputTokens;
  return units;
}
