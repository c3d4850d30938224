/**
 * OpenAI images: generations, edits, variations; document or stream. The GPT models report tokens, the others bill by
 * the image, whose price goes by size and quality: those stand in the place of the service tier.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import type { AnswerEnd, AnswerTally } from './answer-reader.js';
import type { Dialect, RequestFacts, UsageReading } from './dialect.js';
import { textBytes } from './estimate.js';
import { arrayIn, isJsonObject, objectIn, textIn, type JsonObject } from './json-value.js';
import { slimDocument, slimStream } from './long-strings.js';
import { openAiChat } from './openai-chat.js';
import { endsWithLine } from './stream-end.js';
import type { UsageCounts } from './usage-counts.js';
import { readingOf, type Estimates } from './usage-reading.js';

/** What an image is when nothing else is asked for; its price is the model's list price. */
const PLAIN_SIZES = new Set([null, 'auto', '1024x1024']);
const PLAIN_QUALITIES = new Set([null, 'auto', 'standard']);
const NAME_CHARACTERS_MAX = 32;

export const openAiImages: Dialect = {
  name: 'openai-images',
  takesStreamUsageOption: false,
  takesForms: true,

  readRequest(body: unknown): RequestFacts {
    const json = isJsonObject(body) ? body : {};
    return {
      model: textIn(json, 'model'),
      isStreaming: json['stream'] === true || json['stream'] === 'true',
      systemText: null,
      serviceTier: imageTier(json),
      inputTextBytes: textBytes(json['prompt']),
      otherUnits: null,
    };
  },
  newDocumentReader: (facts) => slimDocument(new ImagesTally(facts)),
  newStreamReader: (facts) => slimStream(new ImagesTally(facts)),
  endsStream: (chunk) => endsWithLine(chunk, 'data:[DONE]'),
  streamErrorEvent: (message) => openAiChat.streamErrorEvent(message),
};

/** `hd 1024x1792`; null for an image at list price. */
function imageTier(json: JsonObject): string | null {
  const [quality, size] = [textIn(json, 'quality'), textIn(json, 'size')];
  if (PLAIN_QUALITIES.has(quality) && PLAIN_SIZES.has(size)) return null;
  return `${quality ?? 'standard'} ${size ?? '1024x1024'}`.slice(0, NAME_CHARACTERS_MAX);
}

class ImagesTally implements AnswerTally {
  private usage: JsonObject | null = null;
  private isError = false;
  private isFinished = false;
  private images = 0;

  constructor(private readonly facts: RequestFacts) {}

  add(event: JsonObject): void {
    this.usage = objectIn(event, 'usage') ?? this.usage;
    if (isJsonObject(event['error']) || event['type'] === 'error') this.isError = true;
    const type = textIn(event, 'type');
    if (type?.endsWith('.completed') === true) this.images += 1;
    this.images += arrayIn(event, 'data').length;
    if (type === null || type.endsWith('.completed')) this.isFinished = true;
  }

  reading(end: AnswerEnd): UsageReading {
    const { usage, isError, images, facts } = this;
    const isTokens = usage !== null && COUNTS.some((name) => usage[name] !== undefined);
    // tokens have one price whatever the image looks like
    const serviceTier = isTokens ? 'default' : facts.serviceTier;
    if (isTokens || (isError && images === 0)) {
      const tokens = isTokens ? usage : null;
      const seen = { usage: tokens, isError, outputTextBytes: 0, model: null, serviceTier, isFinal: true };
      return readingOf(seen, { ...end, unreadBytes: 0 }, facts, (given, counts, estimates) =>
        imageUnits(given, counts, estimates, Math.max(1, images)),
      );
    }
    if (images > 0 && this.isFinished && !end.isDamaged && !end.isOverflowed) {
      const units = { ...noUnits(), other: { images } };
      return { units, usageSource: 'PROVIDER', usageNote: null, model: null, serviceTier };
    }
    // how many were made is not known; one was, at least
    const units = { ...noUnits(), other: { images: Math.max(1, images) } };
    const usageNote = 'the answer told neither its usage nor its images; one image is taken for made';
    return { units, usageSource: 'ESTIMATED', usageNote, model: null, serviceTier };
  }
}

const COUNTS = ['input_tokens', 'output_tokens', 'total_tokens'];

/** Where the output is not told, the images stand for it. */
function imageUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates, images: number): UsageUnits {
  const units = noUnits();
  const input = counts.required(usage, 'input_tokens') ?? estimates.inputTokens;
  const told = counts.required(usage, 'output_tokens');
  if (told === null) units.other = { images };
  const output = told ?? 0;
  const imageIn = counts.optional(objectIn(usage, 'input_tokens_details'), 'image_tokens');
  const cached = counts.optional(objectIn(usage, 'input_tokens_details'), 'cached_tokens');
  const fresh = counts.rest('input_tokens', input, imageIn, cached);
  units.inputTokens = fresh ?? input;
  units.imageInputTokens = fresh === null ? 0 : imageIn;
  units.cachedInputTokens = fresh === null ? 0 : cached;
  // all of the output are images, but for what is told to be text
  const text = counts.optional(objectIn(usage, 'output_tokens_details'), 'text_tokens');
  const imageOut = counts.rest('output_tokens', output, text);
  units.outputTokens = imageOut === null ? 0 : text;
  units.imageOutputTokens = imageOut ?? output;
  return units;
}
