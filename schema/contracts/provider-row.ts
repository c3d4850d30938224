/** What the table of providers says about one of them. */

/** How a provider takes its credential. */
export interface ProviderAuth {
  /** lowercase: the header in which a stored key is sent */
  readonly header: string;
  /** what stands before the key in it, with its space; empty for the bare key */
  readonly scheme: string;
  /** lowercase: other headers in which the provider takes a credential of the client's */
  readonly also: readonly string[];
  /** query parameters in which it takes one */
  readonly parameters: readonly string[];
}

/**
 * Request formats whose usage can be read. `openai` is OpenAI's own API with what is free there; `openai-copy` are its
 * chat completions, responses, embeddings, images and audio as other providers offer them; `agent` is Perplexity's own
 * name for the responses. The last ones are each one provider's own API.
 */
export type ProviderFormat =
  | 'openai'
  | 'openai-copy'
  | 'agent'
  | 'anthropic'
  | 'gemini'
  | 'bedrock'
  | 'cohere'
  | 'workers-ai'
  | 'elevenlabs'
  | 'cartesia'
  | 'deepgram'
  | 'fal'
  | 'ideogram';

export interface ProviderRow {
  /**
   * The whole upstream base, path included: a URL with placeholders. It is what `PROVIDER_ORIGINS` replaces; whatever
   * replaces it, the same rest of the path follows.
   */
  readonly base: string;
  /** placeholders of the base (and what else) that a stored key must be bound to besides the origin */
  readonly targetFields: readonly string[];
  readonly auth: ProviderAuth;
  /** prefixes in which the base itself already ends: clients may write them again; the first that fits is dropped */
  readonly endsIn: readonly string[];
  /** goes before a path that names no version, for clients that leave it out; null: paths go as they are */
  readonly version: string | null;
  readonly speaks: readonly ProviderFormat[];
  /** whether streaming chat requests in OpenAI's format may be given `stream_options.include_usage` */
  readonly takesStreamUsage: boolean;
  /** a path as clients write it, for docs/providers.md */
  readonly example: string;
}

export const BEARER: ProviderAuth = { header: 'authorization', scheme: 'Bearer ', also: [], parameters: [] };
/** A bearer token; the bare key in `x-api-key` is taken too, for Anthropic's SDKs write it there. */
export const BEARER_OR_KEY: ProviderAuth = { ...BEARER, also: ['x-api-key'] };
/** The bare key in `x-api-key`; a bearer token is taken too. */
export const API_KEY: ProviderAuth = { header: 'x-api-key', scheme: '', also: ['authorization'], parameters: [] };

/** A row whose base has no placeholders, and for which nothing holds that is not said. */
export function plainRow(
  base: string,
  auth: ProviderAuth,
  row: Pick<ProviderRow, 'example'> & Partial<ProviderRow>,
): ProviderRow {
  return { targetFields: [], endsIn: [], version: null, speaks: [], takesStreamUsage: false, ...row, base, auth };
}
