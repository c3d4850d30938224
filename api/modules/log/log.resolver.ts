import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { BodyState } from '../../../schema/contracts/usage-record.js';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { BodyStateEnum } from '../../../schema/entities/graphql-enums.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { CostBreakdown } from './cost-breakdown.types.js';
import { Log } from './log.types.js';
import type { LogBodies } from './log-body.queries.js';

@Resolver(() => Log)
export class LogResolver {
  /** The gateway that served it, also when it has been deleted since. */
  @FieldResolver(() => Gateway)
  @Authorized('gateway.read')
  async gateway(@Root() log: Log, @Ctx() { access, loaders }: ApiContext): Promise<Gateway> {
    const scope = await access.scope('gateway.read', log.accountId);
    const gateway = await loaders.gateway.load({ scope, id: log.gatewayId });
    if (gateway === null) throw new Error(`log ${log.id} has no gateway ${log.gatewayId}`);
    return gateway;
  }

  @FieldResolver(() => ApiToken, { nullable: true })
  @Authorized('log.readApiToken')
  async apiToken(@Root() log: Log, @Ctx() { access, loaders }: ApiContext): Promise<ApiToken | null> {
    if (log.apiTokenId === null) return null;
    const scope = await access.scope('log.readApiToken', log.accountId);
    return loaders.apiToken.load({ scope, id: log.apiTokenId });
  }

  @FieldResolver(() => BodyStateEnum)
  @Authorized('log.read')
  async bodyState(@Root() log: Log, @Ctx() { access }: ApiContext): Promise<BodyState> {
    const scope = await access.scopeOrNull('log.readBodies', log.accountId);
    return scope === null ? 'HIDDEN' : log.storedBodies;
  }

  @FieldResolver(() => CostBreakdown)
  @Authorized('log.read')
  async costBreakdown(@Root() log: Log, @Ctx() { access, loaders }: ApiContext): Promise<CostBreakdown> {
    const scope = await access.scope('log.read', log.accountId);
    const breakdown = await loaders.costBreakdown.load({ scope, id: log.id });
    if (breakdown === null) throw new Error(`log ${log.id} has no record`);
    return breakdown;
  }

  @FieldResolver(() => String, { nullable: true })
  @Authorized('log.read')
  async requestBody(@Root() log: Log, @Ctx() context: ApiContext): Promise<string | null> {
    return (await bodies(log, context))?.requestBody ?? null;
  }

  @FieldResolver(() => String, { nullable: true })
  @Authorized('log.read')
  async responseBody(@Root() log: Log, @Ctx() context: ApiContext): Promise<string | null> {
    return (await bodies(log, context))?.responseBody ?? null;
  }
}

/** Both bodies, or null where the caller may not read them or there are none. */
async function bodies(log: Log, { access, loaders }: ApiContext): Promise<LogBodies | null> {
  const scope = await access.scopeOrNull('log.readBodies', log.accountId);
  if (scope === null || log.storedBodies === 'NOT_COLLECTED' || log.storedBodies === 'EXPIRED') return null;
  return loaders.logBodies.load({ scope, id: log.id });
}
