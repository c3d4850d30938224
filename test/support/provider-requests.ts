/**
 * Requests as the providers' own SDKs and documents have them: test/fixtures/provider-requests/{slug}.json. Each was
 * made twice by the SDK, once with its own base URL (what the provider expects) and once with this gateway's (what we
 * get).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const headersSchema = z.record(z.string(), z.string());

const caseSchema = z.object({
  name: z.string(),
  source: z.string(),
  date: z.iso.date(),
  licence: z.string(),
  isStream: z.boolean(),
  /** `path` is what stands behind `/v1/{account}/{gateway}/{slug}`, with its query */
  client: z.object({
    method: z.string(),
    path: z.string(),
    headers: headersSchema,
    body: z.string().optional(),
  }),
  /** with the provider's own base URL; every header of it has to arrive */
  upstream: z.object({ method: z.string(), url: z.url({ protocol: /^https$/ }), headers: headersSchema }),
  /** what stands before a stored key in the provider's header, for this call */
  credentialPrefix: z.string(),
});
export type ProviderCase = z.infer<typeof caseSchema>;

const fixtureSchema = z.object({
  slug: z.string(),
  /** the path in which the provider's base ends (cloudflare-wire §11) */
  basePath: z.string(),
  /** what the cases' URLs fill the provider's base with */
  target: z.record(z.string(), z.string()),
  /** whether streaming chat requests may ask for their usage; null: it has no chat in OpenAI's format */
  streamUsage: z.object({ isTaken: z.boolean(), source: z.string() }).nullable(),
  /** the header in which the provider wants its key */
  credential: z.object({ header: z.string(), source: z.string(), date: z.iso.date() }),
  cases: z.array(caseSchema).min(1),
});
export type ProviderFixture = z.infer<typeof fixtureSchema>;

const FOLDER = fileURLToPath(new URL('../../../test/fixtures/provider-requests/', import.meta.url)); // from dist/test/support

/** One per provider, by slug. Throws on one that is incomplete. */
export function providerFixtures(): readonly ProviderFixture[] {
  return readdirSync(FOLDER).map((file) => fixtureSchema.parse(JSON.parse(readFileSync(FOLDER + file, 'utf8'))));
}

/** Each case with its provider's fixture, for `test.each`; the first value is its title. */
export function providerCases(
  isWanted: (each: ProviderCase) => boolean = () => true,
): readonly (readonly [string, ProviderFixture, ProviderCase])[] {
  return providerFixtures().flatMap((fixture) =>
    fixture.cases
      .filter(isWanted)
      .map((each): [string, ProviderFixture, ProviderCase] => [`${fixture.slug}: ${each.name}`, fixture, each]),
  );
}

/** Whether it is a chat completion in OpenAI's format, by the documented URL. */
export const isChat = (each: ProviderCase): boolean =>
  new URL(each.upstream.url).pathname.endsWith('/chat/completions');
