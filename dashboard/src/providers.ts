/** The providers that the api knows by name (schema/contracts/providers.ts; a test holds them against it). */

export const PROVIDERS = [
  'openai', 'anthropic', 'google-ai-studio', 'google-vertex-ai', 'aws-bedrock', 'azure-openai', 'workers-ai', 'groq', 'grok',
  'mistral', 'cohere', 'perplexity-ai', 'deepseek', 'cerebras', 'openrouter', 'replicate', 'huggingface', 'cartesia',
  'elevenlabs', 'deepgram', 'fal', 'ideogram', 'baseten', 'parallel', 'fireworks',
] as const; // prettier-ignore

/** What a key is for besides its provider: one address of many. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  'google-vertex-ai': ['project', 'region'],
  'aws-bedrock': ['region'],
  'azure-openai': ['resource'],
  'workers-ai': ['account'],
};

/** Names of the fields of a key's target; none for most. */
export const targetFields = (provider: string): readonly string[] => TARGETS[provider] ?? [];
