/**
 * The built-in providers (cloudflare-wire §11), one row each: where its traffic goes, how its credential is sent, what
 * it speaks. Both tiers read it: the proxy to route, the api to show `endpointUrl` and to bind a stored key to the
 * origin that it is for. docs/providers.md is generated from it; what each row claims is held against the provider's
 * own documentation or SDK by test/fixtures/provider-requests.
 */
import type { ProviderRow } from './provider-row.js';
import { API_KEY, BEARER, BEARER_OR_KEY, plainRow } from './provider-row.js';

export const PROVIDERS = Object.freeze({
  openai: plainRow('https://api.openai.com/v1', BEARER, {
    endsIn: ['/v1'],
    speaks: ['openai'],
    takesStreamUsage: true,
    example: '/chat/completions',
  }),
  anthropic: plainRow('https://api.anthropic.com', API_KEY, {
    speaks: ['anthropic', 'openai-copy'],
    takesStreamUsage: true,
    example: '/v1/messages',
  }),
  'google-ai-studio': plainRow(
    'https://generativelanguage.googleapis.com',
    { header: 'x-goog-api-key', scheme: '', also: ['authorization'], parameters: ['key'] },
    {
      speaks: ['gemini', 'openai-copy'],
      takesStreamUsage: true,
      example: '/v1beta/models/gemini-2.5-flash:generateContent',
    },
  ),
  'google-vertex-ai': {
    ...plainRow('https://{region-}aiplatform.googleapis.com', BEARER, {
      speaks: ['gemini', 'openai-copy', 'anthropic'],
      example: '/v1/projects/my-project/locations/us-east5/publishers/google/models/gemini-2.5-flash:generateContent',
    }),
    targetFields: ['project', 'region'],
  },
  'aws-bedrock': {
    ...plainRow('https://bedrock-runtime.{region}.amazonaws.com', BEARER, {
      speaks: ['bedrock', 'anthropic', 'openai-copy'],
      example: '/bedrock-runtime/us-east-1/model/amazon.nova-lite-v1:0/converse',
    }),
    targetFields: ['region'],
  },
  'azure-openai': {
    ...plainRow(
      'https://{resource}.openai.azure.com',
      { header: 'api-key', scheme: '', also: ['authorization'], parameters: [] },
      { speaks: ['openai'], takesStreamUsage: true, example: '/my-resource/my-deployment/chat/completions' },
    ),
    targetFields: ['resource'],
  },
  'workers-ai': {
    ...plainRow(
      'https://api.cloudflare.com/client/v4/accounts/{account}/ai',
      { ...BEARER, also: ['x-auth-key'] }, // a user's Global API key, beside `x-auth-email`
      { speaks: ['workers-ai', 'openai-copy'], example: '/@cf/meta/llama-3.1-8b-instruct' },
    ),
    targetFields: ['account'],
  },
  groq: plainRow('https://api.groq.com/openai/v1', BEARER, {
    endsIn: ['/openai/v1', '/v1'],
    speaks: ['openai-copy'],
    takesStreamUsage: true,
    example: '/chat/completions',
  }),
  grok: plainRow('https://api.x.ai', BEARER_OR_KEY, {
    version: '/v1',
    speaks: ['openai-copy', 'anthropic'],
    takesStreamUsage: true,
    example: '/v1/chat/completions',
  }),
  // Its streams always end with their usage.
  mistral: plainRow('https://api.mistral.ai', BEARER, {
    version: '/v1',
    speaks: ['openai-copy'],
    example: '/v1/chat/completions',
  }),
  // Its compatibility API refuses `stream_options` (strandsagents.com, Cohere, 2026-11-24).
  cohere: plainRow('https://api.cohere.com', BEARER, { speaks: ['cohere', 'openai-copy'], example: '/v2/chat' }),
  // `/v1/agent`, to which `/v1/responses` is an alias, takes the place of its chat completions (docs.perplexity.ai,
  // "Migrate from Sonar to the Agent API", 2026-11-24).
  'perplexity-ai': plainRow('https://api.perplexity.ai', BEARER, {
    speaks: ['openai-copy', 'agent'],
    example: '/v1/agent',
  }),
  deepseek: plainRow('https://api.deepseek.com', BEARER_OR_KEY, {
    speaks: ['openai-copy', 'anthropic'],
    takesStreamUsage: true,
    example: '/chat/completions',
  }),
  cerebras: plainRow('https://api.cerebras.ai', BEARER, {
    version: '/v1',
    speaks: ['openai-copy'],
    takesStreamUsage: true,
    example: '/chat/completions',
  }),
  // "Full usage details are always included" (openrouter.ai, ChatStreamOptions, 2026-11-24).
  openrouter: plainRow('https://openrouter.ai/api', BEARER_OR_KEY, {
    version: '/v1',
    speaks: ['openai-copy', 'anthropic'],
    example: '/v1/chat/completions',
  }),
  replicate: plainRow('https://api.replicate.com/v1', BEARER, { endsIn: ['/v1'], example: '/predictions' }),
  huggingface: plainRow('https://router.huggingface.co', BEARER, {
    speaks: ['openai-copy'],
    takesStreamUsage: true,
    example: '/sentence-transformers/all-MiniLM-L6-v2/pipeline/feature-extraction',
  }),
  cartesia: plainRow('https://api.cartesia.ai', API_KEY, { speaks: ['cartesia'], example: '/tts/bytes' }),
  elevenlabs: plainRow(
    'https://api.elevenlabs.io',
    { header: 'xi-api-key', scheme: '', also: [], parameters: [] },
    { speaks: ['elevenlabs'], example: '/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb' },
  ),
  deepgram: plainRow(
    'https://api.deepgram.com',
    { ...BEARER, scheme: 'Token ' },
    { speaks: ['deepgram'], example: '/v1/listen' },
  ),
  fal: plainRow('https://fal.run', { ...BEARER, scheme: 'Key ' }, { speaks: ['fal'], example: '/fal-ai/flux/dev' }),
  ideogram: plainRow(
    'https://api.ideogram.ai',
    { header: 'api-key', scheme: '', also: [], parameters: [] },
    { speaks: ['ideogram'], example: '/v1/ideogram-v3/generate' },
  ),
  baseten: plainRow('https://inference.baseten.co', BEARER_OR_KEY, {
    version: '/v1',
    speaks: ['openai-copy', 'anthropic'],
    takesStreamUsage: true,
    example: '/v1/chat/completions',
  }),
  parallel: plainRow('https://api.parallel.ai', API_KEY, { speaks: ['openai-copy'], example: '/v1/tasks/runs' }),
  fireworks: plainRow('https://api.fireworks.ai/inference/v1', BEARER_OR_KEY, {
    endsIn: ['/inference/v1', '/v1'],
    speaks: ['openai-copy', 'anthropic'],
    takesStreamUsage: true,
    example: '/chat/completions',
  }),
}) satisfies Readonly<Record<string, ProviderRow>>;

export type ProviderSlug = keyof typeof PROVIDERS;
export const PROVIDER_SLUGS = Object.keys(PROVIDERS) as readonly ProviderSlug[]; // the object has no other keys

/**
 * Text of a URL that a target may fill a placeholder with: a DNS label in lower case, so that it can be no other host,
 * and no punycode, which URL parsers rewrite.
 */
export const TARGET_VALUE = /^(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What a URL names as `custom-{slug}`. */
export const CUSTOM_PREFIX = 'custom-';
export const CUSTOM_SLUG = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/**
 * `base` with its placeholders filled; one that `values` does not name stays. `{region-}` is the value and a hyphen, or
 * nothing when it is `global` (Vertex: `us-east5-aiplatform…`, but `aiplatform…` for the global endpoint).
 */
export function filledBase(base: string, values: Readonly<Record<string, string>>): string {
  return base.replace(/\{([a-z]+)(-?)\}/g, (placeholder, name: string, hyphen: string) => {
    const value = values[name];
    if (value === undefined) return placeholder;
    return hyphen === '-' && value === 'global' ? '' : value + hyphen;
  });
}
