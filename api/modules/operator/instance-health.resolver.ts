import { FieldResolver, Query, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { InstanceHealthQueries } from './instance-health.queries.js';
import { InstanceHealth, LedgerGaps } from './instance-health.types.js';

@Resolver(() => InstanceHealth)
export class InstanceHealthResolver {
  constructor(private readonly health: InstanceHealthQueries) {}

  /** For the operator. */
  @Query(() => InstanceHealth)
  @Authorized('instance.health')
  instanceHealth(): Promise<InstanceHealth> {
    return this.health.read();
  }

  /** Counts today's records, which may take seconds: ask for it when it matters. */
  @FieldResolver(() => LedgerGaps)
  @Authorized('instance.health')
  ledgerGaps(): Promise<LedgerGaps> {
    return this.health.gaps();
  }
}
