/**
 * An account's configuration as one document: what a file holds, what the api exports and applies. It has no secrets
 * and no ids, so that it says the same in any account: secrets are named by where they come from. A section that is
 * left out is left alone; one that is there is whole.
 */
import { z } from 'zod';
import { gatewaySettingsSchema, rateLimitSchema } from './gateway-settings.js';
import { isGatewayName } from './names.js';

const SECRET_REFERENCE = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0\r\n]+)$/;

/** Where a secret comes from when the file is applied: a variable of the environment, or a file beside this one. */
const secretReferenceSchema = z
  .string()
  .max(512, 'must be at most 512 characters')
  .regex(SECRET_REFERENCE, 'must be env:NAME or file:PATH')
  .refine((reference) => reference.isWellFormed(), 'must not contain half a surrogate pair')
  .describe('where the secret comes from: env:NAME, or file:PATH relative to this file');

const settings = gatewaySettingsSchema.shape;
const rule = rateLimitSchema.shape;

const ruleSchema = z.strictObject({
  name: rule.name,
  limit: rule.limit,
  intervalSeconds: rule.intervalSeconds,
  technique: rule.technique.default('SLIDING'),
  key: rule.key.default('GATEWAY'),
  keyName: rule.keyName.default(null),
});

/** Settings that differ from their defaults; one that is left out has its default. */
const settingsSchema = z
  .strictObject({
    ...settings,
    rateLimits: z.array(ruleSchema).pipe(settings.rateLimits),
    egressProxyUrl: z
      .union([settings.egressProxyUrl, z.strictObject({ secretFrom: secretReferenceSchema })])
      .describe('a URL without credentials, or where the whole URL comes from'),
  })
  .partial();

const providerKeySchema = z.strictObject({
  provider: z.string(),
  alias: z.string().default('default'),
  target: z.record(z.string(), z.string()).default({}),
  secretFrom: secretReferenceSchema,
});
export type ConfigProviderKey = z.infer<typeof providerKeySchema>;

const gatewaySchema = z.strictObject({
  name: z.string().refine(isGatewayName, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -, and not begin with -'),
  description: z.string().max(1_024, 'must be at most 1024 characters').nullable().default(null),
  settings: settingsSchema.default({}),
  providerKeys: listOf(providerKeySchema, (key) => `${key.provider}/${key.alias}`).default([]),
});
export type ConfigGateway = z.infer<typeof gatewaySchema>;

const customProviderSchema = z.strictObject({
  slug: z.string(),
  name: z.string(),
  baseUrl: z.string(),
  headers: listOf(z.strictObject({ name: z.string(), secretFrom: secretReferenceSchema }), (header) =>
    header.name.toLowerCase(),
  ).default([]),
});
export type ConfigCustomProvider = z.infer<typeof customProviderSchema>;

const priceOverrideSchema = z.strictObject({
  provider: z.string(),
  model: z.string(),
  match: z.enum(['EXACT', 'PREFIX']).default('EXACT'),
  serviceTier: z.string().nullable().default(null),
  from: z.iso.datetime('must be a time in UTC, as 2026-01-01T00:00:00Z').nullable().default(null),
  rates: z
    .record(z.string(), z.string('must be a decimal number in quotes'))
    .describe('USD for a million of each unit, in quotes'),
});
export type ConfigPriceOverride = z.infer<typeof priceOverrideSchema>;

/** What tells one price override from the others in force. */
export const priceOverrideKey = (override: Omit<ConfigPriceOverride, 'rates'>): string =>
  [
    override.provider,
    override.model.trim().toLowerCase(),
    override.match,
    override.serviceTier ?? '',
    override.from ?? '',
  ]
    .join('/')
    .replace(/\/+$/, '');

export const configDocumentSchema = z.strictObject({
  version: z.literal(1, 'must be 1'),
  customProviders: listOf(customProviderSchema, (custom) => custom.slug).optional(),
  gateways: listOf(gatewaySchema, (gateway) => gateway.name).optional(),
  priceOverrides: listOf(priceOverrideSchema, priceOverrideKey).optional(),
});
/** With everything that a document may leave out. */
export type ConfigDocument = z.infer<typeof configDocumentSchema>;
/** All sections, each complete. */
export interface WholeConfig {
  readonly version: 1;
  readonly customProviders: ConfigCustomProvider[];
  readonly gateways: ConfigGateway[];
  readonly priceOverrides: ConfigPriceOverride[];
}
/** As it is written: what is at its default may be missing. */
export type ConfigDocumentText = z.input<typeof configDocumentSchema>;

/** The places of secrets that a document, or any part of one, names. */
export function secretReferencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'secretFrom' && typeof inner === 'string' ? [inner] : secretReferencesIn(inner),
  );
}

/** A list in which no two have one name. */
function listOf<Item extends z.ZodType>(item: Item, nameOf: (item: z.infer<Item>) => string) {
  return z.array(item).superRefine((items, context) => {
    const seen = new Set<string>();
    for (const [index, each] of items.entries()) {
      const name = nameOf(each);
      if (seen.has(name)) context.addIssue({ code: 'custom', path: [index], message: `is there twice: ${name}` });
      seen.add(name);
    }
  });
}

/** The JSON Schema by which editors check a file; the checks that need an account are the api's alone. */
export function configJsonSchema(): object {
  return { title: 'Tollgate configuration', ...z.toJSONSchema(configDocumentSchema, { io: 'input' }) };
}
