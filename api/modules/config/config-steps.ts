/**
 * The steps of a plan, done by the services that do the same for their mutations, in the one transaction that holds all
 * of the account's gateways: each step leaves its audit event; numbers and announcements come at the end, once for all.
 */
import {
  priceOverrideKey,
  type ConfigCustomProvider,
  type ConfigDocument,
  type ConfigGateway,
} from '../../../schema/contracts/config-document.js';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import type { PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import type { Gateway } from '../../../schema/entities/gateway.js';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import { badInput } from '../../errors.js';
import { recordChange, recordVersions, renumberGateways } from '../../policy-publisher/index.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { CustomProviderService } from '../custom-provider/index.js';
import { policyChange, type GatewayService } from '../gateway/index.js';
import { endOverride, putOverride } from '../price-override/index.js';
import type { ProviderKeyService } from '../provider-key/index.js';
import type { Step } from './config-plan.js';
import { keyName, type ConfigState } from './config-state.js';
import { checkedOverride, DOCUMENT_FIELD, placed } from './wanted-document.js';

export interface StepServices {
  readonly gateways: GatewayService;
  readonly providerKeys: ProviderKeyService;
  readonly customProviders: CustomProviderService;
}

/** What the steps have to do with. */
export interface StepContext {
  readonly services: StepServices;
  readonly state: ConfigState;
  /** as it was sent: places of problems are counted in it */
  readonly sent: ConfigDocument;
  /** complete and in order */
  readonly document: ConfigDocument;
  /** by reference */
  readonly secrets: ReadonlyMap<string, string>;
}

export class ConfigSteps {
  /** gateways whose policies show a change */
  private readonly changed = new Set<GatewayId>();
  private readonly evicted: GatewayId[] = [];
  private readonly created = new Map<string, Gateway>();
  private readonly deleted: Gateway[] = [];
  private areAllChanged = false;

  constructor(
    private readonly tx: TenantTransaction,
    private readonly context: StepContext,
  ) {}

  /** Throws at the step's place in the document. */
  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      try {
        await this.runOne(step);
      } catch (error) {
        throw placed(error, placeOf(step, this.context.sent));
      }
    }
  }

  /**
   * Numbers the gateways that changed, each once, and answers what to publish. To be called after the last audit event.
   */
  async number(locked: readonly GatewayId[]): Promise<PolicyChange[]> {
    const { tx } = this;
    const gone = new Set(this.deleted.map(({ id }) => id));
    const made = [...this.created.values()];
    const ids = locked.filter((id) => !gone.has(id) && (this.areAllChanged || this.changed.has(id)));
    const changes = await renumberGateways(tx, ids);
    await recordVersions(
      tx,
      made.map(({ id }) => id),
    );
    const announced = [...made, ...this.deleted].map(policyChange);
    for (const change of announced) await recordChange(tx, change);
    if (this.evicted.length > 0) {
      await tx.query(
        `UPDATE gateway g SET cache_epoch = g.revision, cache_purges = '[]' WHERE ${tx.owned('g')} AND g.id = ANY($2)`,
        [this.evicted],
      );
    }
    return [...changes, ...announced];
  }

  private runOne(step: Step): Promise<void> {
    switch (step.kind) {
      case 'customProvider':
        return this.customProvider(step);
      case 'gateway':
        return this.gateway(step);
      case 'providerKey':
        return this.providerKey(step);
      case 'priceOverride':
        return this.priceOverride(step);
    }
  }

  private async customProvider({ step, name: slug, changes, secrets }: Step): Promise<void> {
    const { services, state, document } = this.context;
    const service = services.customProviders;
    const row = state.customProviders.get(slug);
    const wanted = document.customProviders?.find((custom) => custom.slug === slug);
    if (row !== undefined && step === 'DELETE') {
      this.areAllChanged = true;
      await service.erase(this.tx, row);
    } else if (wanted !== undefined) {
      const { name, baseUrl } = wanted;
      const areSent = row === undefined || secrets.length > 0 || changes.some(({ path }) => path.startsWith('headers'));
      const headers = areSent ? { headers: this.headersOf(wanted) } : {};
      const done =
        row === undefined
          ? { provider: await service.insert(this.tx, { slug, name, baseUrl, ...headers }), isInPolicy: true }
          : await service.change(this.tx, { id: row.id, name, baseUrl, ...headers });
      this.areAllChanged ||= done.isInPolicy;
      const headerSources = Object.fromEntries(wanted.headers.map((header) => [header.name, header.secretFrom]));
      await this.tx.update(CustomProvider, { id: done.provider.id }, { headerSources });
    }
  }

  private headersOf({ headers }: ConfigCustomProvider): Record<string, string> {
    return Object.fromEntries(headers.map(({ name, secretFrom }) => [name, this.secret(secretFrom)]));
  }

  private async gateway({ step, name, changes }: Step): Promise<void> {
    const { services, state, document } = this.context;
    const row = state.gateways.get(name);
    const wanted = document.gateways?.find((gateway) => gateway.name === name);
    if (row !== undefined && step === 'DELETE') {
      this.deleted.push(await services.gateways.erase(this.tx, row));
    } else if (wanted !== undefined) {
      const isOtherEgress = row === undefined || changes.some(({ path }) => path.startsWith('settings.egressProxyUrl'));
      const { settings, secretFrom } = this.settingsInput(wanted, isOtherEgress);
      const input = { name, description: wanted.description, settings };
      const written = row === undefined ? null : await services.gateways.write(this.tx, row, input, 'gateway.update');
      const gateway = row ?? (await services.gateways.insert(this.tx, input));
      if (row === undefined) this.created.set(name, gateway);
      else this.changed.add(gateway.id);
      if (written?.evicts === true) this.evicted.push(gateway.id);
      if (isOtherEgress) {
        await this.tx.update(GatewaySettings, { gatewayId: gateway.id }, { egressProxyFrom: secretFrom });
      }
    }
  }

  /** Settings as the mutation takes them, the egress proxy only where it is another one. */
  private settingsInput({ settings }: ConfigGateway, isOtherEgress: boolean) {
    const { egressProxyUrl, ...others } = settings;
    const input = others as Omit<ConfigGateway['settings'], 'egressProxyUrl'>; // complete: the document was read
    if (!isOtherEgress) return { settings: input, secretFrom: null };
    const isReferred = typeof egressProxyUrl === 'object' && egressProxyUrl !== null;
    const secretFrom = isReferred ? egressProxyUrl.secretFrom : null;
    const url = isReferred ? this.secret(egressProxyUrl.secretFrom) : (egressProxyUrl ?? null);
    return { settings: { ...input, egressProxyUrl: url }, secretFrom };
  }

  private async providerKey({ step, gateway: gatewayName, name, changes }: Step): Promise<void> {
    const { services, state, document } = this.context;
    const gateway = state.gateways.get(gatewayName ?? '') ?? this.created.get(gatewayName ?? '');
    if (gateway === undefined) throw new Error(`a key's gateway ${String(gatewayName)} is neither there nor made`);
    if (state.gateways.has(gateway.name)) this.changed.add(gateway.id);
    const wanted = document.gateways
      ?.find((each) => each.name === gatewayName)
      ?.providerKeys.find((key) => `${key.provider}/${key.alias}` === name);
    const row =
      wanted === undefined ? this.keyRow(gateway.name, name) : state.providerKeys.get(keyName(gateway.name, wanted));
    const isElsewhere = changes.some(({ path }) => path.startsWith('target'));
    if (row !== undefined && (step === 'DELETE' || isElsewhere)) await services.providerKeys.erase(this.tx, row);
    if (wanted === undefined) return;
    const { provider, alias, target, secretFrom } = wanted;
    const secret = this.secret(secretFrom);
    const stored =
      row === undefined || isElsewhere
        ? await services.providerKeys.insert(this.tx, gateway.id, { provider, alias, target, secret })
        : await services.providerKeys.renew(this.tx, row, secret);
    await this.tx.update(ProviderKey, { id: stored.id }, { secretFrom });
  }

  private keyRow(gateway: string, name: string): ProviderKey | undefined {
    return this.context.state.providerKeys.get(`${gateway}.providerKeys.${name}`);
  }

  private async priceOverride({ step, name }: Step): Promise<void> {
    const { state, sent } = this.context;
    this.areAllChanged = true;
    const row = state.priceOverrides.get(name);
    const wanted = this.context.document.priceOverrides?.find((override) => priceOverrideKey(override) === name);
    if (step === 'DELETE' && row !== undefined) await endOverride(this.tx, row);
    if (wanted !== undefined) {
      const index = sent.priceOverrides?.findIndex((override) => priceOverrideKey(override) === name) ?? 0;
      await putOverride(this.tx, checkedOverride(wanted, `${DOCUMENT_FIELD}.priceOverrides.${index}`));
    }
  }

  private secret(reference: string): string {
    const value = this.context.secrets.get(reference);
    if (value === undefined) throw badInput('input.secret', `needs the secret ${reference}, which was not sent`);
    return value;
  }
}

/** Where in the sent document a step comes from: a deletion comes from what is missing in a section. */
function placeOf({ kind, gateway, name }: Step, sent: ConfigDocument): string {
  const item = (section: string, index: number | undefined): string =>
    `${DOCUMENT_FIELD}.${section}${index === undefined || index < 0 ? '' : `.${index}`}`;
  if (kind === 'customProvider')
    return item(
      'customProviders',
      sent.customProviders?.findIndex(({ slug }) => slug === name),
    );
  if (kind === 'priceOverride') {
    return item(
      'priceOverrides',
      sent.priceOverrides?.findIndex((override) => priceOverrideKey(override) === name),
    );
  }
  const index = sent.gateways?.findIndex((each) => each.name === (gateway ?? name));
  const place = item('gateways', index);
  if (kind === 'gateway') return place;
  const keys = sent.gateways?.[index ?? 0]?.providerKeys ?? [];
  const number = keys.findIndex((key) => `${key.provider}/${key.alias}` === name);
  return number < 0 ? place : `${place}.providerKeys.${number}`;
}
