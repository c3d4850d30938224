import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import type { RecalculationService } from './recalculation.service.js';
import { CostRecalculation, RecalculateCostsInput } from './recalculation.types.js';

@Resolver()
export class RecalculationResolver {
  constructor(private readonly recalculations: RecalculationService) {}

  /** Prices what was recorded anew, with the prices of now, and writes the differences as adjusting entries. */
  @Mutation(() => CostRecalculation)
  @Authorized('cost.recalculate')
  async recalculateCosts(
    @Arg('input', () => RecalculateCostsInput) input: RecalculateCostsInput,
    @Ctx() { access }: ApiContext,
  ): Promise<CostRecalculation> {
    return this.recalculations.recalculate(await access.scope('cost.recalculate', input.accountId), input);
  }
}
