/**
 * A document that somebody wants applied: checked as the mutations of its things check theirs, complete, and in the one
 * form in which it can be compared. A problem is told at its place in the document as it was sent.
 */
import {
  configDocumentSchema,
  type ConfigDocument,
  type ConfigGateway,
  type ConfigPriceOverride,
} from '../../../schema/contracts/config-document.js';
import { usdPerMillion } from '../../../schema/contracts/decimal.js';
import { DEFAULT_GATEWAY_SETTINGS } from '../../../schema/contracts/gateway-settings.js';
import type { NetworkList } from '../../../schema/contracts/networks.js';
import { isProviderSlug } from '../../../schema/contracts/provider-origins.js';
import { CUSTOM_PREFIX } from '../../../schema/contracts/providers.js';
import { ApiError, badInput } from '../../errors.js';
import { parseInput } from '../../input.js';
import { storableText } from '../../text-input.js';
import { nameSchema, readBaseUrl, readCustomHeaders, slugSchema } from '../custom-provider/index.js';
import { isMasked, readEgressProxy } from '../gateway/index.js';
import { overrideSchema, type CheckedOverride } from '../price-override/index.js';
import { aliasSchema, readTarget } from '../provider-key/index.js';
import type { ConfigState } from './config-state.js';
import { sorted, sortedDocument } from './document-order.js';

export const DOCUMENT_FIELD = 'input.document';

/** What was sent, and the same made comparable. */
export interface WantedDocument {
  /** in the order in which it was sent: places of problems are counted in it */
  readonly sent: ConfigDocument;
  readonly document: ConfigDocument;
}

/** Throws BAD_USER_INPUT at the place in the document. */
export function readWanted(value: unknown, state: ConfigState, allowed: NetworkList): WantedDocument {
  const sent = parseInput(configDocumentSchema, value, DOCUMENT_FIELD);
  const document: ConfigDocument = { version: 1 };
  const slugs = new Set(sent.customProviders?.map(({ slug }) => slug) ?? state.customProviders.keys());
  if (sent.customProviders !== undefined) {
    document.customProviders = sent.customProviders.map(({ slug, name, baseUrl, headers }, index) => {
      const at = `${DOCUMENT_FIELD}.customProviders.${index}`;
      readCustomHeaders(Object.fromEntries(headers.map((header) => [header.name, 'its value'])), `${at}.headers`);
      return {
        slug: parseInput(slugSchema, slug, `${at}.slug`),
        name: parseInput(nameSchema, name, `${at}.name`),
        baseUrl: readBaseUrl(baseUrl, allowed, `${at}.baseUrl`),
        headers,
      };
    });
  }
  if (sent.gateways !== undefined) {
    document.gateways = sent.gateways.map((gateway, index) => readGateway(gateway, index, { slugs, allowed }));
  }
  if (sent.priceOverrides !== undefined) {
    document.priceOverrides = sent.priceOverrides.map((override, index) => readOverride(override, index));
    const again = parseInput(
      configDocumentSchema,
      { version: 1, priceOverrides: document.priceOverrides },
      DOCUMENT_FIELD,
    );
    document.priceOverrides = again.priceOverrides ?? [];
  }
  return { sent, document: sortedDocument(document) };
}

function readGateway(
  gateway: ConfigGateway,
  index: number,
  known: { readonly slugs: ReadonlySet<string>; readonly allowed: NetworkList },
): ConfigGateway {
  const at = `${DOCUMENT_FIELD}.gateways.${index}`;
  const description = parseInput(storableText.nullable(), gateway.description, `${at}.description`);
  const settings = { ...DEFAULT_GATEWAY_SETTINGS, ...gateway.settings };
  const egress = settings.egressProxyUrl;
  if (typeof egress === 'string') {
    const { shown } = under(at, () => readEgressProxy(null, egress, known.allowed));
    if (isMasked(shown))
      throw badInput(`${at}.settings.egressProxyUrl`, 'has credentials: say where it comes from, secretFrom');
    settings.egressProxyUrl = shown;
  }
  const providerKeys = gateway.providerKeys.map((key, number) => {
    const place = `${at}.providerKeys.${number}`;
    const { provider, alias } = key;
    const slug = provider.startsWith(CUSTOM_PREFIX) ? provider.slice(CUSTOM_PREFIX.length) : null;
    if (slug === null ? !isProviderSlug(provider) : !known.slugs.has(slug)) {
      throw badInput(
        `${place}.provider`,
        'is neither a provider nor custom-{slug} of a custom provider that there will be',
      );
    }
    parseInput(aliasSchema, alias, `${place}.alias`);
    return { ...key, target: under(place, () => readTarget(provider, key.target)) };
  });
  return { name: gateway.name, description, settings, providerKeys };
}

/** An override as its mutation takes it; throws at its place in the document. */
export function checkedOverride(override: ConfigPriceOverride, at: string): CheckedOverride {
  const { rates, from, ...rest } = override;
  const list = Object.entries(rates).map(([unit, usd]) => ({ unit, usdPerMillion: usd }));
  const input = { ...rest, from: from === null ? null : new Date(from), rates: list };
  try {
    return parseInput(overrideSchema, input, at);
  } catch (error) {
    const index = error instanceof ApiError ? /\.rates\.(\d+)/.exec(error.field ?? '')?.[1] : undefined;
    const unit = index === undefined ? undefined : list[Number(index)]?.unit;
    if (unit === undefined || !(error instanceof ApiError)) throw error;
    throw badInput(`${at}.rates.${unit}`, error.message.slice((error.field ?? '').length + 1));
  }
}

function readOverride(override: ConfigPriceOverride, index: number): ConfigPriceOverride {
  const checked = checkedOverride(override, `${DOCUMENT_FIELD}.priceOverrides.${index}`);
  const { provider, model, match, serviceTier, from, rates } = checked;
  const entries = sorted(Object.entries(rates), ([unit]) => unit).map(
    ([unit, pico]) => [unit, usdPerMillion(pico)] as const,
  );
  return { provider, model, match, serviceTier, from: from?.toISOString() ?? null, rates: Object.fromEntries(entries) };
}

/** Runs `work`, whose problems are told as those of `input.…`, and tells them at `place`. */
export function under<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placed(error, place);
  }
}

/** A problem with `input.…` as one with `place`; any other error as it is. */
export function placed(error: unknown, place: string): unknown {
  if (!(error instanceof ApiError) || error.field === null || error.field.startsWith(DOCUMENT_FIELD)) return error;
  const { field, code, message } = error;
  const name = field.replace(/^input\./, '');
  const inner = INNER_NAMES[name] ?? `.${name}`;
  const whole = `${place}${inner}`;
  return new ApiError(
    code,
    message.startsWith(`${field} `) ? `${whole}${message.slice(field.length)}` : message,
    whole,
  );
}

/** Where a document has another name, or none, for what a mutation takes. */
const INNER_NAMES: Readonly<Record<string, string>> = { accountId: '', gatewayId: '', id: '', secret: '.secretFrom' };
