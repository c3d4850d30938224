/**
 * `PROVIDER_ORIGINS`: the operator's base URLs in place of the providers' own. Both tiers read it, so that the origin
 * which a stored key is bound to is the one that its calls go to.
 */
import { z } from 'zod';
import { filledBase, PROVIDERS, PROVIDER_SLUGS, type ProviderSlug } from './providers.js';

/** slug → base URL, which may have the placeholders of the provider's own base */
export type ProviderOrigins = ReadonlyMap<string, string>;

/** A JSON object of slug to base URL; http and private addresses are the operator's right here, and only here. */
export const providerOriginsSchema: z.ZodType<ProviderOrigins> = z
  .string()
  .default('{}')
  .transform((json, context): ProviderOrigins => {
    const origins = new Map<string, string>();
    const problem = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    let parsed: unknown;
    try {
      parsed = JSON.parse(json);
    } catch {
      return problem('must be a JSON object of provider slug to base URL');
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return problem('must be a JSON object');
    for (const [slug, url] of Object.entries(parsed)) {
      if (!isProviderSlug(slug)) return problem(`names the unknown provider ${slug}`);
      if (typeof url !== 'string' || !isBase(url)) return problem(`has no http(s) URL for ${slug}`);
      origins.set(slug, url);
    }
    return origins;
  });

export function isProviderSlug(slug: string): slug is ProviderSlug {
  return PROVIDER_SLUGS.some((known) => known === slug);
}

/** The base of a built-in provider: the operator's, else its own. */
export function baseOf(slug: ProviderSlug, overrides: ProviderOrigins): string {
  return overrides.get(slug) ?? PROVIDERS[slug].base;
}

/** The origin that a key of this provider and target is bound to; `target` has a value for each of its fields. */
export function keyOriginOf(
  slug: ProviderSlug,
  target: Readonly<Record<string, string>>,
  overrides: ProviderOrigins,
): string {
  return new URL(filledBase(baseOf(slug, overrides), target)).origin;
}

/** Whether `text` is a URL once its placeholders are filled. */
function isBase(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text.replace(/\{[a-z]+-?\}/g, 'x'));
}
