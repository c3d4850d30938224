/**
 * Which dialect a call of a provider's own API speaks, for providers that have one beside (or instead of) a copied one.
 */
import type { ProviderFormat } from '../../schema/contracts/provider-row.js';
import { bedrockConverse } from './bedrock-converse.js';
import { bedrockInvoke } from './bedrock-invoke.js';
import { cohere } from './cohere.js';
import { billed, FREE, type DialectChoice } from './dialect-choice.js';
import { bedrockClaude } from './hosted-model.js';
import { isBedrockClaude, isBedrockConverse, isBedrockCount, isBedrockInvoke } from './hosted-path.js';
import {
  cartesiaListen,
  cartesiaSpeech,
  deepgramListen,
  deepgramSpeech,
  elevenLabsListen,
  elevenLabsSpeech,
  falImages,
  ideogramImages,
} from './native-media.js';
import { workersAiRun } from './workers-ai-run.js';

export type NativeFormat = Exclude<ProviderFormat, 'openai' | 'openai-copy' | 'agent' | 'anthropic' | 'gemini'>;

/** By path without version and leading slash; null: it is none of the format's calls. */
type NativePaths = (path: string) => DialectChoice | null;

const COHERE = billed(cohere);
const COHERE_PATHS = new Map<string, DialectChoice>([
  ...['chat', 'generate', 'summarize', 'embed', 'rerank', 'classify'].map((path) => [path, COHERE] as const),
  ...['tokenize', 'detokenize', 'check-api-key'].map((path) => [path, FREE] as const),
]);
const CONVERSE = billed(bedrockConverse);
const INVOKE = billed(bedrockInvoke);
export const CLAUDE_ON_BEDROCK = billed(bedrockClaude);
const RUN = billed(workersAiRun);

/** The first whose beginning fits. */
const begins =
  (...choices: readonly (readonly [string, DialectChoice])[]): NativePaths =>
  (path) =>
    choices.find(([start]) => path.startsWith(start))?.[1] ?? null;

const NATIVE: Readonly<Record<NativeFormat, NativePaths>> = {
  cohere: (path) => COHERE_PATHS.get(path) ?? null,
  bedrock(path) {
    if (isBedrockClaude(path)) return CLAUDE_ON_BEDROCK;
    if (isBedrockConverse(path)) return CONVERSE;
    if (isBedrockInvoke(path)) return INVOKE;
    return isBedrockCount(path) ? FREE : null;
  },
  'workers-ai': begins(['run/', RUN], ['@', RUN], ['%40', RUN]),
  elevenlabs: begins(['text-to-speech/', billed(elevenLabsSpeech)], ['speech-to-text', billed(elevenLabsListen)]),
  cartesia: begins(['tts/', billed(cartesiaSpeech)], ['stt', billed(cartesiaListen)]),
  deepgram: begins(['listen', billed(deepgramListen)], ['speak', billed(deepgramSpeech)]),
  fal: begins(['', billed(falImages)]),
  ideogram: begins(['', billed(ideogramImages)]),
};

/** Null: the formats have no such call. */
export function nativeChoice(formats: readonly ProviderFormat[], path: string): DialectChoice | null {
  for (const format of formats) {
    const choice = isNative(format) ? NATIVE[format](path) : null;
    if (choice !== null) return choice;
  }
  return null;
}

const isNative = (format: ProviderFormat): format is NativeFormat => Object.hasOwn(NATIVE, format);
