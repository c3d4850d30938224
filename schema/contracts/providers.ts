/**
 * The built-in providers (cloudflare-wire §11): where each one's traffic goes. Both tiers read it: the proxy to route,
 * the api to show `endpointUrl` and to bind a stored key to the origin that it is for.
 *
 * A base is a URL with placeholders. Those that the provider's *target* fills (an Azure resource, a Vertex region) are
 * listed: a stored key names their values, and is used for no others.
 */
interface ProviderBase {
  /** the whole upstream base, path included; what `PROVIDER_ORIGINS` replaces */
  readonly base: string;
  /** what a stored key must be bound to besides the origin */
  readonly targetFields: readonly string[];
}

const plain = (base: string): ProviderBase => ({ base, targetFields: [] });

export const PROVIDER_BASES = Object.freeze({
  openai: plain('https://api.openai.com/v1'),
  anthropic: plain('https://api.anthropic.com'),
  'google-ai-studio': plain('https://generativelanguage.googleapis.com'),
  'google-vertex-ai': { base: 'https://{region-}aiplatform.googleapis.com', targetFields: ['project', 'region'] },
  'aws-bedrock': { base: 'https://bedrock-runtime.{region}.amazonaws.com', targetFields: ['region'] },
  'azure-openai': { base: 'https://{resource}.openai.azure.com', targetFields: ['resource'] },
  'workers-ai': { base: 'https://api.cloudflare.com/client/v4/accounts/{account}/ai', targetFields: ['account'] },
  groq: plain('https://api.groq.com/openai/v1'),
  grok: plain('https://api.x.ai'),
  mistral: plain('https://api.mistral.ai'),
  cohere: plain('https://api.cohere.com'),
  'perplexity-ai': plain('https://api.perplexity.ai'),
  deepseek: plain('https://api.deepseek.com'),
  cerebras: plain('https://api.cerebras.ai'),
  openrouter: plain('https://openrouter.ai/api'),
  replicate: plain('https://api.replicate.com/v1'),
  huggingface: plain('https://router.huggingface.co'),
  cartesia: plain('https://api.cartesia.ai'),
  elevenlabs: plain('https://api.elevenlabs.io'),
  deepgram: plain('https://api.deepgram.com'),
  fal: plain('https://fal.run'),
  ideogram: plain('https://api.ideogram.ai'),
  baseten: plain('https://inference.baseten.co'),
  parallel: plain('https://api.parallel.ai'),
  fireworks: plain('https://api.fireworks.ai/inference/v1'),
}) satisfies Readonly<Record<string, ProviderBase>>;

export type ProviderSlug = keyof typeof PROVIDER_BASES;
export const PROVIDER_SLUGS = Object.keys(PROVIDER_BASES) as readonly ProviderSlug[]; // the object has no other keys

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
