/**
 * Providers of sound and images by their own APIs: metered in the unit that each bills (characters spoken, milliseconds
 * heard, images made). No price list has them: they are UNPRICED, and an account that knows its price can tell it.
 */
import { noUnits, type OtherUnits } from '../../schema/contracts/usage-units.js';
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { characters, textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { slimDocument, slimStream } from './long-strings.js';
import { MediaReader } from './media-reader.js';
import { openAiChat } from './openai-chat.js';
import { NO_END_MARK } from './stream-end.js';
import { UsageCounts } from './usage-counts.js';

/** What the request calls the text to be spoken, and the model. */
interface SpeechNames {
  readonly text: string;
  readonly model: string;
}

function speech(name: string, names: SpeechNames): Dialect {
  return {
    name,
    takesStreamUsageOption: false,
    readRequest(body: unknown): RequestFacts {
      const json = isJsonObject(body) ? body : {};
      return {
        model: textIn(json, names.model),
        isStreaming: false,
        systemText: null,
        serviceTier: null,
        inputTextBytes: textBytes(json[names.text]),
        otherUnits: characters(json[names.text]),
      };
    },
    newDocumentReader: (facts) => new MediaReader(facts),
    newStreamReader: (facts) => new MediaReader(facts),
    endsStream: NO_END_MARK,
    streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
  };
}

export const elevenLabsSpeech = speech('elevenlabs-speech', { text: 'text', model: 'model_id' });
export const cartesiaSpeech = speech('cartesia-speech', { text: 'transcript', model: 'model_id' });
/** With a callback, Deepgram answers at once, and sends there what it made. */
const onlyAsksDeepgram = (url: string): boolean => !new URL(url).searchParams.has('callback');
export const deepgramSpeech: Dialect = {
  ...speech('deepgram-speech', { text: 'text', model: 'model' }),
  onlyAsks: onlyAsksDeepgram,
};

/** What an answer says that it is billed by; null: this event says nothing. */
type Told = (event: JsonObject, counts: UsageCounts) => OtherUnits | null;

function answers(name: string, told: Told, modelOf: (event: JsonObject) => string | null): Dialect {
  return {
    name,
    takesStreamUsageOption: false,
    takesForms: true,
    readRequest(body: unknown): RequestFacts {
      const json = isJsonObject(body) ? body : {};
      const model = textIn(json, 'model_id') ?? textIn(json, 'model');
      return { model, isStreaming: false, systemText: null, serviceTier: null, inputTextBytes: 0, otherUnits: null };
    },
    newDocumentReader: () => slimDocument(new ToldTally(told, modelOf)),
    newStreamReader: () => slimStream(new ToldTally(told, modelOf)),
    endsStream: NO_END_MARK,
    streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
  };
}

class ToldTally implements AnswerTally {
  private readonly counts = new UsageCounts();
  private other: OtherUnits | null = null;
  private model: string | null = null;

  constructor(
    private readonly told: Told,
    private readonly modelOf: (event: JsonObject) => string | null,
  ) {}

  add(event: JsonObject): void {
    this.other = this.told(event, this.counts) ?? this.other;
    this.model ??= this.modelOf(event);
  }

  reading(end: AnswerEnd): UsageReading {
    const { other, model } = this;
    const problems = [...this.counts.problems]; // of this reading: a stream is read on its way as well
    if (!end.isComplete) problems.push('the answer was cut');
    if (other === null && problems.length === 0) problems.push('the answer does not tell what it is billed by');
    const units = { ...noUnits(), other: other ?? { unreadCalls: 1 } };
    if (problems.length === 0) return { units, usageSource: 'PROVIDER', usageNote: null, model, serviceTier: null };
    return { units, usageSource: 'ESTIMATED', usageNote: problems.join('; '), model, serviceTier: null };
  }
}

const noModel = (): null => null;

function listened(event: JsonObject, key: string, counts: UsageCounts, channels = 1): OtherUnits | null {
  if (event[key] === undefined) return null;
  const audioMilliseconds = counts.milliseconds(event, key);
  return audioMilliseconds === null ? null : { audioMilliseconds: audioMilliseconds * channels };
}

/** Each channel is heard and billed by itself. */
export const deepgramListen: Dialect = {
  ...answers(
    'deepgram-listen',
    (event, counts) => {
      const metadata = objectIn(event, 'metadata');
      if (metadata === null) return null;
      return listened(metadata, 'duration', counts, Math.max(1, counts.optional(metadata, 'channels')));
    },
    (event) => {
      const models = Object.values(objectIn(objectIn(event, 'metadata'), 'model_info') ?? {});
      return textIn(models[0], 'name');
    },
  ),
  onlyAsks: onlyAsksDeepgram,
};
export const cartesiaListen = answers(
  'cartesia-listen',
  (event, counts) => listened(event, 'duration', counts),
  noModel,
);
export const elevenLabsListen = answers(
  'elevenlabs-listen',
  (event, counts) => listened(event, 'audio_duration_secs', counts),
  noModel,
);

const imagesIn = (event: JsonObject, key: string): OtherUnits | null => {
  const images = arrayIn(event, key).length;
  return images === 0 ? null : { images };
};
/** fal's queue takes a request in, and its other hosts keep files. */
const BESIDE_FAL = /^https:\/\/(?:queue|rest)\./;
export const falImages: Dialect = {
  ...answers('fal-images', (event) => imagesIn(event, 'images'), noModel),
  onlyAsks(url) {
    const { pathname, searchParams } = new URL(url);
    return !BESIDE_FAL.test(url) && !pathname.split('/').includes('requests') && !searchParams.has('fal_webhook');
  },
};

/** What makes an image, or tells of one, before it answers (developer.ideogram.ai/v1/api-reference, 2026-11-29). */
const IDEOGRAM_CALLS: ReadonlySet<string> = new Set([
  'describe',
  'edit',
  'generate',
  'generate-transparent',
  'inpaint',
  'layerize-text',
  'magic-prompt',
  'p-image-ideogram',
  'reframe',
  'remix',
  'remove-background',
  'replace-background',
  'upscale',
]);
export const ideogramImages: Dialect = {
  ...answers('ideogram-images', (event) => imagesIn(event, 'data'), noModel),
  onlyAsks(url) {
    const { pathname, searchParams } = new URL(url);
    const segments = pathname.split('/');
    if (segments.includes('async') || searchParams.has('webhook_url')) return false;
    return IDEOGRAM_CALLS.has(segments.at(-1) ?? '');
  },
};
