/** An account's configuration as one document: exported, planned and applied, all of it or nothing. */
import type { NetworkList } from '../../../schema/contracts/networks.js';
import { conflict, forbidden } from '../../errors.js';
import { parseInput } from '../../input.js';
import { lockAllGateways, type PolicyPublisher } from '../../policy-publisher/index.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { recordAudit } from '../audit/index.js';
import { planOf, type Step } from './config-plan.js';
import { movedKeys } from './moved-keys.js';
import { readState, type ConfigState } from './config-state.js';
import { ConfigSteps, type StepServices } from './config-steps.js';
import {
  secretsSchema,
  type AccountConfiguration,
  type AppliedConfig,
  type ApplyConfigInput,
} from './config.inputs.js';
import { writtenDocument } from './document-order.js';
import { readWanted } from './wanted-document.js';

export interface ConfigDeps extends StepServices {
  readonly database: Database;
  readonly publisher: PolicyPublisher;
  /** the operator's own networks, which base URLs and egress proxies may lead to */
  readonly allowedNetworks: NetworkList;
}

/** What a caller may do: a plan shows what is there, and prices of the account's own ask for more than the rest. */
export interface ApplyScopes {
  readonly shown: AccountScope<'config.export'>;
  readonly config: AccountScope<'config.apply'>;
  /** null: he may not */
  readonly prices: AccountScope<'priceOverride.set'> | null;
}

export class ConfigService {
  constructor(private readonly deps: ConfigDeps) {}

  async export(scope: AccountScope<'config.export'>): Promise<AccountConfiguration> {
    assertWhole(scope);
    const { document, revision } = await this.deps.database.inSnapshot(scope, readState);
    return { document: writtenDocument(document), revision };
  }

  /** The plan, and unless it is a dry run its execution in the same transaction. */
  async apply({ shown, config: scope, prices }: ApplyScopes, input: ApplyConfigInput): Promise<AppliedConfig> {
    assertWhole(shown);
    assertWhole(scope);
    const secrets = parseInput(secretsSchema, input.secrets, 'input.secrets');
    const { applied, changes } = await this.deps.database.inAccount(scope, async (tx) => {
      const locked = await lockAllGateways(tx);
      const state = await readState(tx);
      const wanted = readWanted(input.document, state, this.deps.allowedNetworks);
      assertRevision(state, input.ifRevision ?? null);
      const steps = planOf(state.document, wanted.document, movedKeys(state, wanted.document));
      const told = steps.map(({ step, path, changes }) => ({ kind: step, path, changes }));
      const plan = { steps: told, secrets: [...new Set(steps.flatMap((step) => step.secrets))].toSorted() };
      if (prices === null && steps.some(({ kind }) => kind === 'priceOverride')) {
        throw forbidden('Prices need ACCOUNT_EDIT in the account: leave the section priceOverrides out.');
      }
      if (input.dryRun || steps.length === 0) {
        return { applied: { dryRun: input.dryRun, revision: state.revision, ...plan }, changes: [] };
      }
      if (!input.prune) assertNothingGoes(steps);
      const work = new ConfigSteps(tx, { services: this.deps, state, ...wanted, secrets });
      await work.run(steps);
      const after = { steps: told.map(({ kind, path }) => ({ kind, path })) };
      await recordAudit(tx, { action: 'config.apply', before: { revision: state.revision }, after });
      const changes = await work.number(locked);
      const { revision } = await readState(tx);
      return { applied: { dryRun: false, revision, ...plan }, changes };
    });
    await this.deps.publisher.publishAll(changes);
    return applied;
  }
}

function assertWhole(scope: AccountScope): void {
  if (scope.gatewayIds !== null)
    throw forbidden('This token is limited to gateways: a configuration is of all of them.');
}

function assertRevision({ revision }: ConfigState, ifRevision: string | null): void {
  if (ifRevision === null || ifRevision === revision) return;
  throw conflict('The configuration has changed since: plan anew.', 'input.ifRevision');
}

function assertNothingGoes(steps: readonly Step[]): void {
  const gone = steps.filter(({ step }) => step === 'DELETE').map(({ path }) => path);
  if (gone.length === 0) return;
  const more = gone.length > 5 ? ` and ${gone.length - 5} more` : '';
  throw conflict(`This would delete ${gone.slice(0, 5).join(', ')}${more}: allow it with prune.`, 'input.prune');
}
