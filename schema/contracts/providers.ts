/** Provider slugs that a URL may name. Both tiers read it: the proxy to route, the api to show `endpointUrl`. */
export const PROVIDER_SLUGS = ['openai', 'anthropic', 'google-ai-studio'] as const;
