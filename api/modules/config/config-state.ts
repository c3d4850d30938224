/** An account's configuration as it stands: its rows, the document that says the same, and a number for that moment. */
import { createHash } from 'node:crypto';
import { In, IsNull } from 'typeorm';
import {
  priceOverrideKey,
  type ConfigCustomProvider,
  type ConfigGateway,
  type ConfigPriceOverride,
  type ConfigProviderKey,
  type WholeConfig,
} from '../../../schema/contracts/config-document.js';
import { usdPerMillion } from '../../../schema/contracts/decimal.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { PriceOverride } from '../../../schema/entities/price-override.js';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { isMasked, settingsOf } from '../gateway/index.js';
import { sorted, sortedDocument } from './document-order.js';
import { derivedReferences } from './secret-references.js';

export interface ConfigState {
  readonly customProviders: ReadonlyMap<string, CustomProvider>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  readonly settings: ReadonlyMap<string, GatewaySettings>;
  /** by `keyName` */
  readonly providerKeys: ReadonlyMap<string, ProviderKey>;
  /** by `priceOverrideKey` */
  readonly priceOverrides: ReadonlyMap<string, PriceOverride>;
  /** all sections, complete and in order */
  readonly document: WholeConfig;
  /** another one as soon as anything of it is */
  readonly revision: string;
}

/** Names a key in its account. */
export const keyName = (gateway: string, key: Pick<ProviderKey, 'provider' | 'alias'>): string =>
  `${gateway}.providerKeys.${key.provider}/${key.alias}`;

/** Reads all of it, in a transaction that holds what it is going to change, or sees one moment. */
export async function readState(tx: TenantTransaction): Promise<ConfigState> {
  const gateways = await tx.find(Gateway, { deletedAt: IsNull() });
  const settings = await tx.find(GatewaySettings, { gatewayId: In(gateways.map(({ id }) => id)) });
  const keys = await tx.find(ProviderKey, {});
  const customs = await tx.find(CustomProvider, {});
  const overrides = await tx.find(PriceOverride, { endedAt: IsNull() });
  const nameOf = new Map<string, string>(gateways.map(({ id, name }) => [id, name]));
  const rows = {
    customProviders: new Map(customs.map((row) => [row.slug, row])),
    gateways: new Map(gateways.map((row) => [row.name, row])),
    settings: new Map<string, GatewaySettings>(settings.map((row) => [nameOf.get(row.gatewayId) ?? '', row])),
    providerKeys: new Map(keys.map((row) => [keyName(nameOf.get(row.gatewayId) ?? '', row), row])),
    priceOverrides: new Map(overrides.map((row) => [priceOverrideKey(overrideOf(row)), row])),
  };
  const document = documentOf(rows);
  return { ...rows, document, revision: revisionOf(rows, document) };
}

type Rows = Omit<ConfigState, 'document' | 'revision'>;

function documentOf(rows: Rows): WholeConfig {
  const references = referencesOf(rows);
  const gateways = [...rows.gateways.values()].map((gateway): ConfigGateway => {
    const settings = rows.settings.get(gateway.name);
    if (settings === undefined) throw new Error(`gateway ${gateway.id} has no settings row`);
    const keys = [...rows.providerKeys].filter(([, key]) => key.gatewayId === gateway.id);
    const { egressProxyFrom, egressProxyUrl: shown } = settings;
    const isReferred = shown !== null && (isMasked(shown) || egressProxyFrom !== null);
    const egressProxyUrl = isReferred ? { secretFrom: egressProxyFrom ?? references.egress(gateway.name) } : shown;
    return {
      name: gateway.name,
      description: gateway.description,
      settings: { ...settingsOf(settings), egressProxyUrl },
      providerKeys: keys.map(([, key]) => keyOf(key, references.key(gateway.name, key))),
    };
  });
  const customProviders = [...rows.customProviders.values()].map(
    ({ slug, name, baseUrl, headerNames, headerSources }): ConfigCustomProvider => ({
      slug,
      name,
      baseUrl,
      headers: headerNames.map((header) => ({
        name: header,
        // its own alone: a header may be named `constructor`
        secretFrom:
          (Object.hasOwn(headerSources, header) ? headerSources[header] : null) ?? references.header(slug, header),
      })),
    }),
  );
  const priceOverrides = [...rows.priceOverrides.values()].map(overrideOf);
  return sortedDocument({ version: 1, customProviders, gateways, priceOverrides });
}

const keyOf = ({ provider, alias, target, secretFrom }: ProviderKey, derived: string): ConfigProviderKey => ({
  provider,
  alias,
  target,
  secretFrom: secretFrom ?? derived,
});

const overrideOf = (row: PriceOverride): ConfigPriceOverride => ({
  provider: row.provider,
  model: row.model,
  match: row.match,
  serviceTier: row.serviceTier,
  from: row.effectiveFrom?.toISOString() ?? null,
  rates: Object.fromEntries(
    sorted(Object.entries(row.rates), ([unit]) => unit).map(([unit, pico]) => [unit, usdPerMillion(pico)]),
  ),
});

/** What names a secret that no file has named. */
function referencesOf(rows: Rows) {
  const parts = {
    egress: (gateway: string) => [gateway, 'egress-proxy-url'],
    header: (slug: string, header: string) => ['custom', slug, header],
    key: (gateway: string, key: Pick<ProviderKey, 'provider' | 'alias'>) => [gateway, key.provider, key.alias],
  };
  const gatewayNames = new Map([...rows.gateways].map(([name, { id }]) => [id, name]));
  const derived = derivedReferences([
    ...[...rows.gateways.keys()].map(parts.egress),
    ...[...rows.customProviders.values()].flatMap(({ slug, headerNames }) =>
      headerNames.map((header) => parts.header(slug, header)),
    ),
    ...[...rows.providerKeys.values()].map((key) => parts.key(gatewayNames.get(key.gatewayId) ?? '', key)),
  ]);
  const find = (name: readonly string[]): string => derived.get(JSON.stringify(name)) ?? '';
  return {
    egress: (gateway: string) => find(parts.egress(gateway)),
    header: (slug: string, header: string) => find(parts.header(slug, header)),
    key: (gateway: string, key: Pick<ProviderKey, 'provider' | 'alias'>) => find(parts.key(gateway, key)),
  };
}

/** Ids and versions are in it: what was deleted and made again, or rotated, is no longer what a plan was made from. */
function revisionOf(rows: Rows, document: WholeConfig): string {
  const versions = [
    ...[...rows.gateways.values()].map(({ id, configVersion }) => `${id}:${configVersion}`),
    ...[...rows.customProviders.values()].map(({ id, version }) => `${id}:${version}`),
    ...[...rows.providerKeys.values()].map(({ id, version }) => `${id}:${version}`),
    ...[...rows.priceOverrides.values()].map(({ id }) => id),
  ];
  return createHash('sha256')
    .update(JSON.stringify([document, versions.toSorted()]))
    .digest('hex')
    .slice(0, 32);
}
