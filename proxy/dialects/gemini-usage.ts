/**
 * Gemini's `usageMetadata`. Cached content is inside the prompt count, tool-use prompts and thoughts are beside their
 * counts, and a count of zero is left out (it is protobuf's JSON).
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { arrayIn, textIn, type JsonObject } from './json-value.js';
import type { UsageCounts } from './usage-counts.js';
import type { Estimates } from './usage-reading.js';

/**
 * The tier of Vertex AI's traffic type (`ON_DEMAND_PRIORITY`, `ON_DEMAND_FLEX`, `PROVISIONED_THROUGHPUT`), and any
 * other's own name, which has no price; null: pay as you go, at list price.
 */
export function trafficTier(type: string | null): string | null {
  if (type === null || type === 'ON_DEMAND' || type === 'TRAFFIC_TYPE_UNSPECIFIED') return null;
  return type.toLowerCase().replace(/^on_demand_/, '');
}

type Modality = 'AUDIO' | 'IMAGE';

/** Tokens of one modality in a `…TokensDetails` list; documents are images (they are billed as such). */
function modalityTokens(usage: JsonObject, list: string, modality: Modality, counts: UsageCounts): number {
  let tokens = 0;
  for (const entry of arrayIn(usage, list)) {
    const name = textIn(entry, 'modality');
    if (name === modality || (name === 'DOCUMENT' && modality === 'IMAGE')) {
      tokens += counts.optional(entry, 'tokenCount');
    }
  }
  return tokens;
}

/** Embeddings spell the first one without its `s`. */
const PROMPT_LISTS = ['promptTokensDetails', 'promptTokenDetails', 'toolUsePromptTokensDetails'];
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

export function geminiUnits(usage: JsonObject, counts: UsageCounts, estimates: Estimates): UsageUnits {
  const units = noUnits();
  const of = (list: string, modality: Modality): number => modalityTokens(usage, list, modality, counts);
  const prompt = counts.required(usage, 'promptTokenCount') ?? estimates.inputTokens;
  const toolUse = counts.optional(usage, 'toolUsePromptTokenCount');
  const cached = counts.optional(usage, 'cachedContentTokenCount');
  const cachedAudio = of('cacheTokensDetails', 'AUDIO');
  const cachedImage = of('cacheTokensDetails', 'IMAGE');
  const audioIn = sum(PROMPT_LISTS.map((list) => of(list, 'AUDIO'))) - cachedAudio;
  const imageIn = sum(PROMPT_LISTS.map((list) => of(list, 'IMAGE'))) - cachedImage;
  // cached audio has a price of its own, and no unit of its own
  if (cachedAudio > 0) counts.problems.push('cached audio is priced as cached text');
  const areDetailsSound = audioIn >= 0 && imageIn >= 0;
  if (!areDetailsSound) counts.problems.push('cacheTokensDetails exceed promptTokensDetails');
  const fresh = areDetailsSound ? counts.rest('promptTokenCount', prompt + toolUse, cached, audioIn, imageIn) : null;
  units.inputTokens = fresh ?? prompt + toolUse;
  if (fresh !== null) {
    units.cachedInputTokens = cached;
    units.audioInputTokens = audioIn;
    units.imageInputTokens = imageIn;
  }

  addOutput(units, usage, counts, estimates);
  return units;
}

function addOutput(units: UsageUnits, usage: JsonObject, counts: UsageCounts, estimates: Estimates): void {
  units.reasoningTokens = counts.optional(usage, 'thoughtsTokenCount');
  // absent is zero if nothing visible was put out, or nothing but thoughts
  const isAbsent = usage['candidatesTokenCount'] === undefined;
  const isZero = isAbsent && (estimates.outputTokens === 0 || units.reasoningTokens > 0);
  const output = isZero ? 0 : (counts.required(usage, 'candidatesTokenCount') ?? estimates.outputTokens);
  const audioOut = modalityTokens(usage, 'candidatesTokensDetails', 'AUDIO', counts);
  const imageOut = modalityTokens(usage, 'candidatesTokensDetails', 'IMAGE', counts);
  const visible = counts.rest('candidatesTokenCount', output, audioOut, imageOut);
  units.outputTokens = visible ?? output;
  units.audioOutputTokens = visible === null ? 0 : audioOut;
  units.imageOutputTokens = visible === null ? 0 : imageOut;
}
