/**
 * OpenAI's usage object, in the two spellings of its APIs, and as others copy it. Details are *inside* the totals, but
 * for xAI.
 */
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { objectOf, type JsonObject } from './json-value.js';
import { addExtras } from './openai-extras.js';
import type { UsageCounts } from './usage-counts.js';
import type { Estimates } from './usage-reading.js';

export interface OpenAiUsageNames {
  readonly input: string;
  readonly output: string;
  readonly inputDetails: string;
  readonly outputDetails: string;
}

export const CHAT_USAGE: OpenAiUsageNames = {
  input: 'prompt_tokens',
  output: 'completion_tokens',
  inputDetails: 'prompt_tokens_details',
  outputDetails: 'completion_tokens_details',
};
export const RESPONSES_USAGE: OpenAiUsageNames = {
  input: 'input_tokens',
  output: 'output_tokens',
  inputDetails: 'input_tokens_details',
  outputDetails: 'output_tokens_details',
};

/** The disjoint units of a usage object. Details that contradict their total are named and left out. */
export function openAiUnits(
  usage: JsonObject,
  names: OpenAiUsageNames,
  counts: UsageCounts,
  estimates: Estimates,
): UsageUnits {
  const units = noUnits();
  const input = counts.requiredCount(usage[names.input], names.input) ?? estimates.inputTokens;
  const output = counts.requiredCount(usage[names.output], names.output) ?? estimates.outputTokens;
  const inputDetails = objectOf(usage[names.inputDetails]);
  const outputDetails = objectOf(usage[names.outputDetails]);

  // DeepSeek's own name for the same count stands beside the total (api-docs.deepseek.com/guides/kv_cache).
  const cached = Math.max(
    counts.optionalCount(inputDetails?.['cached_tokens'], 'cached_tokens'),
    counts.optionalCount(usage['prompt_cache_hit_tokens'], 'prompt_cache_hit_tokens'),
  );
  const written = counts.optionalCount(inputDetails?.['cache_write_tokens'], 'cache_write_tokens');
  const audioIn = counts.optionalCount(inputDetails?.['audio_tokens'], 'audio_tokens');
  const imageIn = counts.optionalCount(inputDetails?.['image_tokens'], 'image_tokens');
  const fresh = counts.rest(names.input, input, cached, written, audioIn, imageIn);
  units.inputTokens = fresh ?? input;
  if (fresh !== null) {
    units.cachedInputTokens = cached;
    units.cacheWriteTokens = written;
    units.audioInputTokens = audioIn;
    units.imageInputTokens = imageIn;
  }

  const reasoning = counts.optionalCount(outputDetails?.['reasoning_tokens'], 'reasoning_tokens');
  const audioOut = counts.optionalCount(outputDetails?.['audio_tokens'], 'audio_tokens');
  const imageOut = counts.optionalCount(outputDetails?.['image_tokens'], 'image_tokens');
  const inside = isReasoningApart(usage, reasoning, input + output) ? 0 : reasoning;
  const visible = counts.rest(names.output, output, inside, audioOut, imageOut);
  units.outputTokens = visible ?? output;
  if (visible !== null) {
    units.reasoningTokens = reasoning;
    units.audioOutputTokens = audioOut;
    units.imageOutputTokens = imageOut;
  }
  addExtras(units, usage, counts);
  return units;
}

/** xAI counts reasoning beside the output instead of inside it: only the total then holds all three (docs.x.ai). */
function isReasoningApart(usage: JsonObject, reasoning: number, inputAndOutput: number): boolean {
  return reasoning > 0 && usage['total_tokens'] === inputAndOutput + reasoning;
}
