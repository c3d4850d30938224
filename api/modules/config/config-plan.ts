/**
 * What has to be done for a configuration to become another one: both are taken apart into things with names, and each
 * thing is made, changed or deleted, or left alone. A dry run and an application have the same plan by the same code.
 */
import {
  priceOverrideKey,
  secretReferencesIn,
  type ConfigDocument,
  type WholeConfig,
} from '../../../schema/contracts/config-document.js';
import { DEFAULT_GATEWAY_SETTINGS } from '../../../schema/contracts/gateway-settings.js';
import { CUSTOM_PREFIX } from '../../../schema/contracts/providers.js';
import type { ConfigChange } from '../../config-change.js';
import { configDiff } from '../../config-diff.js';

export type StepKind = 'CREATE' | 'UPDATE' | 'DELETE';
export type ThingKind = 'customProvider' | 'gateway' | 'providerKey' | 'priceOverride';

/** A thing of a configuration, without what is told by its name. */
interface Thing {
  readonly kind: ThingKind;
  /** of a provider key: its gateway's */
  readonly gateway: string | null;
  /** among those of its kind, of its gateway */
  readonly name: string;
  readonly value: object;
}

export interface Step extends Omit<Thing, 'value'> {
  readonly step: StepKind;
  /** `gateways.main.providerKeys.openai/default` */
  readonly path: string;
  /** as it is to be; null: gone */
  readonly wanted: object | null;
  readonly changes: readonly ConfigChange[];
  /** references of the secrets that this takes */
  readonly secrets: readonly string[];
}

/**
 * Of a stored provider key, by its path: the origin that it is for, where its provider's base URL is to have another
 * one.
 */
export type MovedKeys = ReadonlyMap<string, ConfigChange>;

/** In the order in which they can be done: what others need comes first, and goes last. */
export function planOf(current: WholeConfig, wanted: ConfigDocument, moved: MovedKeys): Step[] {
  const [before, after] = [thingsOf(current), thingsOf(wanted)];
  const steps: Step[] = [];
  for (const [path, thing] of after) {
    const old = before.get(path);
    const changes = configDiff(old?.value ?? BLANK[thing.kind], thing.value);
    const move = moved.get(path);
    if (move !== undefined) changes.push(move);
    if (old !== undefined && changes.length === 0) continue;
    const { value, ...named } = thing;
    const step = old === undefined ? 'CREATE' : 'UPDATE';
    steps.push({ ...named, step, path, wanted: value, changes, secrets: secretsOf(thing, old === undefined, changes) });
  }
  for (const [path, { value, ...named }] of before) {
    const isGone = isManaged(named.kind, wanted) || goesWithProvider(named, wanted);
    if (after.has(path) || !isGone || goesWithOther(named, current, wanted)) continue;
    steps.push({
      ...named,
      step: 'DELETE',
      path,
      wanted: null,
      changes: configDiff(value, BLANK[named.kind]),
      secrets: [],
    });
  }
  return steps.toSorted((a, b) => RANKS[`${a.kind} ${a.step}`] - RANKS[`${b.kind} ${b.step}`]);
}

/** What a new thing is told as a change of. */
const BLANK: Readonly<Record<ThingKind, object>> = {
  customProvider: {},
  gateway: { description: null, settings: DEFAULT_GATEWAY_SETTINGS },
  providerKey: {},
  priceOverride: {},
};

const RANKS: Readonly<Record<`${ThingKind} ${StepKind}`, number>> = {
  'customProvider CREATE': 1,
  'customProvider UPDATE': 2,
  'providerKey DELETE': 3,
  'gateway DELETE': 4,
  'gateway UPDATE': 5,
  'gateway CREATE': 6,
  'providerKey UPDATE': 7,
  'providerKey CREATE': 8,
  'priceOverride DELETE': 9,
  'priceOverride UPDATE': 10,
  'priceOverride CREATE': 11,
  'customProvider DELETE': 12,
};

function isManaged(kind: ThingKind, wanted: ConfigDocument): boolean {
  if (kind === 'customProvider') return wanted.customProviders !== undefined;
  return kind === 'priceOverride' ? wanted.priceOverrides !== undefined : wanted.gateways !== undefined;
}

/**
 * A key of a custom provider that is deleted goes too, whether the document speaks of gateways or not: so it is a step
 * of its own.
 */
function goesWithProvider({ kind, name }: Omit<Thing, 'value'>, { customProviders }: ConfigDocument): boolean {
  if (kind !== 'providerKey' || customProviders === undefined) return false;
  const [provider = ''] = name.split('/');
  return provider.startsWith(CUSTOM_PREFIX) && !customProviders.some(({ slug }) => CUSTOM_PREFIX + slug === provider);
}

/** A key whose gateway is deleted goes with it. */
function goesWithOther(thing: Omit<Thing, 'value'>, current: WholeConfig, wanted: ConfigDocument): boolean {
  if (thing.gateway === null || wanted.gateways === undefined) return false;
  const isThere = (document: WholeConfig | ConfigDocument): boolean =>
    document.gateways?.some(({ name }) => name === thing.gateway) === true;
  return isThere(current) && !isThere(wanted);
}

function thingsOf(document: WholeConfig | ConfigDocument): Map<string, Thing> {
  const things = new Map<string, Thing>();
  const put = (path: string, thing: Thing): unknown => things.set(path, thing);
  for (const { slug, ...value } of document.customProviders ?? []) {
    put(`customProviders.${slug}`, { kind: 'customProvider', gateway: null, name: slug, value });
  }
  for (const { name, description, settings, providerKeys } of document.gateways ?? []) {
    put(`gateways.${name}`, { kind: 'gateway', gateway: null, name, value: { description, settings } });
    for (const { provider, alias, ...value } of providerKeys) {
      const key = `${provider}/${alias}`;
      put(`gateways.${name}.providerKeys.${key}`, { kind: 'providerKey', gateway: name, name: key, value });
    }
  }
  for (const override of document.priceOverrides ?? []) {
    const name = priceOverrideKey(override);
    put(`priceOverrides.${name}`, { kind: 'priceOverride', gateway: null, name, value: { rates: override.rates } });
  }
  return things;
}

/** Stored secrets are kept where nothing says that they are others: the same reference, for the same place. */
function secretsOf({ kind, value }: Thing, isNew: boolean, changes: readonly ConfigChange[]): string[] {
  const has = (...paths: string[]): boolean =>
    isNew ||
    changes.some(({ path }) =>
      paths.some((each) => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}[`)),
    );
  const isConcerned =
    kind === 'providerKey' ||
    (kind === 'customProvider' && has('baseUrl', 'headers')) ||
    (kind === 'gateway' && has('settings.egressProxyUrl'));
  return isConcerned ? secretReferencesIn(value) : [];
}
