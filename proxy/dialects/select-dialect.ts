/** Which dialect a call speaks, and whether a provider bills it, from the provider, the method and the path alone. */
import { CUSTOM_PREFIX } from '../../schema/contracts/providers.js';
import { anthropicMessages } from './anthropic-messages.js';
import type { Dialect } from './dialect.js';
import { gemini } from './gemini.js';
import { geminiEmbeddings } from './gemini-embeddings.js';
import { openAiChat } from './openai-chat.js';
import { openAiEmbeddings } from './openai-embeddings.js';
import { openAiResponses } from './openai-responses.js';

export interface DialectChoice {
  /** null: nothing is known about the format; a billable call is then UNPRICED */
  readonly dialect: Dialect | null;
  /** false: the provider bills nothing for it, whatever it answers */
  readonly isBillable: boolean;
}

const FREE: DialectChoice = Object.freeze({ dialect: null, isBillable: false });
const UNKNOWN: DialectChoice = Object.freeze({ dialect: null, isBillable: true });
const billed = (dialect: Dialect): DialectChoice => Object.freeze({ dialect, isBillable: true });

/** By path without version and without leading slash. */
const OPENAI_PATHS = new Map<string, DialectChoice>([
  ['chat/completions', billed(openAiChat)],
  ['completions', billed(openAiChat)],
  ['responses', billed(openAiResponses)],
  ['embeddings', billed(openAiEmbeddings)],
  ['responses/input_tokens', FREE],
  ['moderations', FREE],
  ['files', FREE],
]);
const ANTHROPIC_PATHS = new Map<string, DialectChoice>([
  ['messages', billed(anthropicMessages)],
  ['messages/count_tokens', FREE],
  ['chat/completions', billed(openAiChat)],
]);
/** By the end of the path: where a custom provider's base ends is its account's affair. */
const CUSTOM_PATHS: readonly (readonly [string, DialectChoice])[] = [
  ['/chat/completions', billed(openAiChat)],
  ['/responses', billed(openAiResponses)],
  ['/embeddings', billed(openAiEmbeddings)],
  ['/messages', billed(anthropicMessages)],
];
/** By the method behind the colon. */
const GEMINI_METHODS = new Map<string, DialectChoice>([
  ['generateContent', billed(gemini)],
  ['streamGenerateContent', billed(gemini)],
  ['embedContent', billed(geminiEmbeddings)],
  ['batchEmbedContents', billed(geminiEmbeddings)],
  ['countTokens', FREE],
]);

const VERSION = /^(?:v1|v1beta|v1alpha)\//;
const FREE_METHODS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** `path` is the provider's own, with or without leading slash, version and query. */
export function selectDialect(provider: string, method: string, path: string): DialectChoice {
  if (FREE_METHODS.has(method)) return FREE;
  const query = path.indexOf('?');
  const start = path.startsWith('/') ? 1 : 0;
  const plain = path.slice(start, query === -1 ? undefined : query).replace(VERSION, '');
  switch (provider) {
    case 'openai':
    case 'demo':
      return OPENAI_PATHS.get(plain) ?? UNKNOWN;
    case 'anthropic':
      return ANTHROPIC_PATHS.get(plain) ?? UNKNOWN;
    case 'google-ai-studio':
      if (plain.startsWith('openai/')) return OPENAI_PATHS.get(plain.slice('openai/'.length)) ?? UNKNOWN;
      return GEMINI_METHODS.get(plain.slice(plain.lastIndexOf(':') + 1)) ?? UNKNOWN;
    default:
      return provider.startsWith(CUSTOM_PREFIX)
        ? customDialect(path.slice(0, query === -1 ? undefined : query))
        : UNKNOWN;
  }
}

function customDialect(path: string): DialectChoice {
  for (const [end, choice] of CUSTOM_PATHS) if (path.endsWith(end) || path === end.slice(1)) return choice;
  return UNKNOWN;
}
