/**
 * The providers of this instance: the rows of the table (schema/contracts/providers.ts), the operator's
 * `PROVIDER_ORIGINS` laid over them. A row is all that a plain provider needs; one whose paths or credentials are odd
 * has a file beside this one.
 */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import { PROVIDERS, type ProviderSlug } from '../../schema/contracts/providers.js';
import type { GoogleTokens } from '../credentials/google-oauth.js';
import { awsBedrock } from './aws-bedrock.js';
import { azureOpenAi } from './azure-openai.js';
import { baseten } from './baseten.js';
import { fal } from './fal.js';
import { googleVertexAi } from './google-vertex-ai.js';
import { huggingFace } from './hugging-face.js';
import { plainProvider } from './plain-provider.js';
import type { Provider } from './provider.js';
import { workersAi } from './workers-ai.js';

/** What makes an odd provider of its row; `override` stands in the place of the row's base, null: it does not. */
type OddProvider = (row: ProviderRow, override: string | null) => Provider;

type OddProviders = Readonly<Partial<Record<ProviderSlug, OddProvider>>>;

const ODD: OddProviders = {
  'aws-bedrock': awsBedrock,
  'azure-openai': azureOpenAi,
  'workers-ai': workersAi,
  huggingface: huggingFace,
  fal,
  baseten,
};

export interface Registry {
  find(slug: string): Provider | null;
}

/**
 * @param overrides slug → base URL, parsed and checked by the configuration (`PROVIDER_ORIGINS`)
 * @param demoBase base of the demo provider; null when the demo is off, and then the slug does not exist
 * @param googleTokens where Vertex's access tokens come from
 */
export function createRegistry(
  overrides: ReadonlyMap<string, string>,
  demoBase: string | null,
  googleTokens: Pick<GoogleTokens, 'token'>,
): Registry {
  const providers = new Map<string, Provider>();
  const odd: OddProviders = { ...ODD, 'google-vertex-ai': googleVertexAi(googleTokens) };
  // the object has no other keys
  for (const [slug, row] of Object.entries(PROVIDERS) as [ProviderSlug, ProviderRow][]) {
    const override = overrides.get(slug) ?? null;
    providers.set(slug, odd[slug]?.(row, override) ?? plainProvider(slug, override ?? row.base, row));
  }
  if (demoBase !== null) providers.set('demo', plainProvider('demo', demoBase, PROVIDERS.openai));
  return { find: (slug) => providers.get(slug) ?? null };
}
