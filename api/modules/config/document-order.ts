/** The one order and form of a document: the same configuration is always the same text. */
import {
  priceOverrideKey,
  type ConfigDocument,
  type ConfigDocumentText,
  type ConfigGateway,
  type WholeConfig,
} from '../../../schema/contracts/config-document.js';
import { DEFAULT_GATEWAY_SETTINGS, type GatewaySettingName } from '../../../schema/contracts/gateway-settings.js';
import { isDeepStrictEqual } from 'node:util';

/** By code units, which no locale changes. */
export function sorted<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : Number(nameOf(a) > nameOf(b))));
}

/**
 * The document with every list of named things in order; rules of rate limits stay as they are: their order means
 * something.
 */
export function sortedDocument<Document extends ConfigDocument>(document: Document): Document {
  const { customProviders, gateways, priceOverrides } = document;
  const inOrder: ConfigDocument = { version: 1 };
  if (customProviders !== undefined) {
    inOrder.customProviders = sorted(customProviders, ({ slug }) => slug).map((custom) => ({
      ...custom,
      headers: sorted(custom.headers, ({ name }) => name.toLowerCase()),
    }));
  }
  if (gateways !== undefined) {
    inOrder.gateways = sorted(gateways, ({ name }) => name).map((gateway) => ({
      ...gateway,
      providerKeys: sorted(gateway.providerKeys, ({ provider, alias }) => `${provider}/${alias}`),
    }));
  }
  if (priceOverrides !== undefined) inOrder.priceOverrides = sorted(priceOverrides, priceOverrideKey);
  return inOrder as Document; // the same sections
}

/** As it is written: what is at its default is left out. */
export function writtenDocument(document: WholeConfig): ConfigDocumentText {
  return {
    version: 1,
    customProviders: document.customProviders.map(({ slug, name, baseUrl, headers }) => ({
      slug,
      name,
      baseUrl,
      ...(headers.length === 0 ? {} : { headers }),
    })),
    gateways: document.gateways.map(({ name, description, settings, providerKeys }) => {
      const chosen = chosenSettings(settings);
      return {
        name,
        ...(description === null ? {} : { description }),
        ...(Object.keys(chosen).length === 0 ? {} : { settings: chosen }),
        ...(providerKeys.length === 0 ? {} : { providerKeys: providerKeys.map(writtenKey) }),
      };
    }),
    priceOverrides: document.priceOverrides.map(({ provider, model, match, serviceTier, from, rates }) => ({
      provider,
      model,
      ...(match === 'EXACT' ? {} : { match }),
      ...(serviceTier === null ? {} : { serviceTier }),
      ...(from === null ? {} : { from }),
      rates,
    })),
  };
}

type Settings = ConfigGateway['settings'];
type Key = ConfigGateway['providerKeys'][number];

const writtenKey = ({ provider, alias, target, secretFrom }: Key): object & Omit<Key, 'target'> => ({
  provider,
  alias,
  ...(Object.keys(target).length === 0
    ? {}
    : { target: Object.fromEntries(sorted(Object.entries(target), ([name]) => name)) }),
  secretFrom,
});

function chosenSettings(settings: Settings): Settings {
  const chosen: Record<string, unknown> = {};
  const names = Object.keys(DEFAULT_GATEWAY_SETTINGS) as GatewaySettingName[]; // the object has no others
  for (const name of names) {
    if (isDeepStrictEqual(settings[name], DEFAULT_GATEWAY_SETTINGS[name])) continue;
    chosen[name] = name === 'rateLimits' ? settings.rateLimits?.map(writtenRule) : settings[name];
  }
  return chosen;
}

/** Technique and key are told even at their defaults: a rule that is read says what it counts. */
function writtenRule({
  name,
  limit,
  intervalSeconds,
  technique,
  key,
  keyName,
}: NonNullable<Settings['rateLimits']>[number]) {
  return { name, limit, intervalSeconds, technique, key, ...(keyName === null ? {} : { keyName }) };
}
