/** Which dialect a call speaks, and whether a provider bills it, from the provider, the method and the path alone. */
import type { ProviderFormat, ProviderRow } from '../../schema/contracts/provider-row.js';
import { CUSTOM_PREFIX, PROVIDERS } from '../../schema/contracts/providers.js';
import { anthropicMessages } from './anthropic-messages.js';
import { withoutDeployment, takesAzureStreamUsage } from './azure-path.js';
import { billed, FREE, UNKNOWN, type DialectChoice } from './dialect-choice.js';
import { gemini } from './gemini.js';
import { geminiEmbeddings } from './gemini-embeddings.js';
import { vertexChat, vertexClaude, vertexEmbeddings } from './hosted-model.js';
import { isVertexClaude, isVertexClaudeCount, vertexOpenAiPath, withoutBedrockService } from './hosted-path.js';
import { CLAUDE_ON_BEDROCK, nativeChoice, type NativeFormat } from './native-choice.js';
import { openAiChat } from './openai-chat.js';
import { openAiEmbeddings } from './openai-embeddings.js';
import { openAiImages } from './openai-images.js';
import { openAiResponses } from './openai-responses.js';
import { openAiSpeech } from './openai-speech.js';
import { openAiTranscription } from './openai-transcription.js';

const CHAT = billed(openAiChat);
/** For providers whose streams are not to be asked for their usage: they tell it anyway, or refuse the question. */
const CHAT_AS_IT_IS = billed({ ...openAiChat, takesStreamUsageOption: false });

const CLAUDE_ON_VERTEX = billed(vertexClaude);
const IMAGES = billed(openAiImages);
const TRANSCRIPTION = billed(openAiTranscription);

/** By path without version and without leading slash. */
type Paths = readonly (readonly [string, DialectChoice])[];
const COPIED_PATHS: Paths = [
  ['chat/completions', CHAT],
  ['completions', CHAT],
  ['responses', billed(openAiResponses)],
  ['embeddings', billed(openAiEmbeddings)],
  ['images/generations', IMAGES],
  ['images/edits', IMAGES],
  ['images/variations', IMAGES],
  ['audio/speech', billed(openAiSpeech)],
  ['audio/transcriptions', TRANSCRIPTION],
  ['audio/translations', TRANSCRIPTION],
];
const PATHS: Readonly<Record<Exclude<ProviderFormat, 'gemini' | NativeFormat>, Paths>> = {
  openai: [...COPIED_PATHS, ['responses/input_tokens', FREE], ['moderations', FREE], ['files', FREE]],
  'openai-copy': COPIED_PATHS,
  agent: [['agent', billed(openAiResponses)]],
  anthropic: [
    ['messages', billed(anthropicMessages)],
    ['messages/count_tokens', FREE],
  ],
};
/** By the end of the path, the first that it has: where a custom provider's base ends is its account's affair. */
const CUSTOM_PATHS: Paths = [
  ['/chat/completions', CHAT_AS_IT_IS],
  ['/completions', CHAT_AS_IT_IS],
  ['/responses', billed(openAiResponses)],
  ['/embeddings', billed(openAiEmbeddings)],
  ['/messages', billed(anthropicMessages)],
  ['/images/generations', IMAGES],
  ['/images/edits', IMAGES],
  ['/images/variations', IMAGES],
  ['/audio/speech', billed(openAiSpeech)],
  ['/audio/transcriptions', TRANSCRIPTION],
  ['/audio/translations', TRANSCRIPTION],
];
/** By the method behind the colon. */
const GEMINI_METHODS = new Map<string, DialectChoice>([
  ['generateContent', billed(gemini)],
  ['streamGenerateContent', billed(gemini)],
  ['embedContent', billed(geminiEmbeddings)],
  ['batchEmbedContents', billed(geminiEmbeddings)],
  ['countTokens', FREE],
]);

/** What providers put before the paths that they copy: an API's name, a version, or both in either order. */
const PREFIX = /^(?:(?:openai|inference|compatibility|anthropic|beta)\/)?(?:v\d+(?:alpha|beta)?\/)?(?:openai\/)?/;
const FREE_METHODS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** What Vertex copied of OpenAI's API. */
const VERTEX_OPENAI_PATHS = new Map<string, DialectChoice>([
  ['chat/completions', billed(vertexChat)],
  ['embeddings', billed(vertexEmbeddings)],
]);

/** The calls of one provider: copied paths by name, and what it speaks besides. */
interface Choices {
  readonly copied: ReadonlyMap<string, DialectChoice>;
  readonly formats: readonly ProviderFormat[];
}

/** By provider. */
const CHOICES = new Map<string, Choices>(
  // the object has no other values
  (Object.entries(PROVIDERS) as [string, ProviderRow][]).map(([slug, row]) => [slug, choicesOf(row)]),
).set('demo', choicesOf(PROVIDERS.openai));

function choicesOf(row: ProviderRow): Choices {
  const paths = row.speaks.flatMap((format) => (isCopied(format) ? PATHS[format] : []));
  const copied = new Map(paths.map(([path, choice]) => [path, row.takesStreamUsage ? choice : unasked(choice)]));
  return { copied, formats: row.speaks };
}

function isCopied(format: ProviderFormat): format is keyof typeof PATHS {
  return Object.hasOwn(PATHS, format);
}

function unasked(choice: DialectChoice): DialectChoice {
  return choice === CHAT ? CHAT_AS_IT_IS : choice;
}

/** `path` is the provider's own, with or without leading slash, version and query; `query` may also stand apart. */
export function selectDialect(provider: string, method: string, path: string, query = ''): DialectChoice {
  if (FREE_METHODS.has(method)) return FREE;
  const end = path.indexOf('?');
  const own = path.slice(path.startsWith('/') ? 1 : 0, end === -1 ? undefined : end);
  const choices = CHOICES.get(provider);
  if (choices === undefined) return provider.startsWith(CUSTOM_PREFIX) ? customDialect(own) : UNKNOWN;
  switch (provider) {
    case 'azure-openai': {
      const choice = choices.copied.get(withoutDeployment(own)) ?? UNKNOWN;
      return takesAzureStreamUsage(own, query) ? choice : unasked(choice);
    }
    case 'google-ai-studio':
      return choices.copied.get(own.replace(PREFIX, '')) ?? geminiChoice(own);
    case 'google-vertex-ai':
      return vertexChoice(own);
    case 'aws-bedrock':
      return bedrockChoice(withoutBedrockService(own), choices);
    default:
      return ownChoice(own.replace(PREFIX, ''), choices);
  }
}

function ownChoice(path: string, { copied, formats }: Choices): DialectChoice {
  return copied.get(path) ?? nativeChoice(formats, path) ?? UNKNOWN;
}

function geminiChoice(path: string): DialectChoice {
  return GEMINI_METHODS.get(path.slice(path.lastIndexOf(':') + 1)) ?? UNKNOWN;
}

function vertexChoice(path: string): DialectChoice {
  if (isVertexClaudeCount(path)) return FREE;
  if (isVertexClaude(path)) return CLAUDE_ON_VERTEX;
  const copied = vertexOpenAiPath(path);
  return copied === null ? geminiChoice(path) : (VERTEX_OPENAI_PATHS.get(copied) ?? UNKNOWN);
}

function bedrockChoice(path: string, choices: Choices): DialectChoice {
  const plain = path.replace(PREFIX, '');
  return plain === 'messages' ? CLAUDE_ON_BEDROCK : ownChoice(plain, choices);
}

function customDialect(path: string): DialectChoice {
  for (const [end, choice] of CUSTOM_PATHS) if (path.endsWith(end) || path === end.slice(1)) return choice;
  return UNKNOWN;
}
