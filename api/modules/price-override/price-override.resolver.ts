import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { usdPerMillion } from '../../../schema/contracts/decimal.js';
import { Account } from '../../../schema/entities/account.js';
import { PriceOverride } from '../../../schema/entities/price-override.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { PriceOverrideConnection, SetPriceOverrideInput, UnitRate } from './price-override.inputs.js';
import type { PriceOverrideQueries } from './price-override.queries.js';
import type { PriceOverrideService } from './price-override.service.js';

@Resolver(() => PriceOverride)
export class PriceOverrideResolver {
  constructor(private readonly overrides: PriceOverrideService) {}

  /** A price of the account's own, above the price list. Records that exist keep their cost: see `recalculateCosts`. */
  @Mutation(() => PriceOverride)
  @Authorized('priceOverride.set')
  async setPriceOverride(
    @Arg('input', () => SetPriceOverrideInput) input: SetPriceOverrideInput,
    @Ctx() { access }: ApiContext,
  ): Promise<PriceOverride> {
    return this.overrides.set(await access.scope('priceOverride.set', input.accountId), input);
  }

  @Mutation(() => ID)
  @Authorized('priceOverride.remove')
  async removePriceOverride(@Arg('id', () => ID) id: string, @Ctx() { access }: ApiContext): Promise<string> {
    return this.overrides.remove(await access.scopeOf('priceOverride.remove', 'priceOverride', id), id);
  }

  @FieldResolver(() => [UnitRate])
  @Authorized('priceOverride.list')
  rates(@Root() override: PriceOverride): UnitRate[] {
    return Object.entries(override.rates).map(([unit, pico]) => ({ unit, usdPerMillion: usdPerMillion(pico) }));
  }
}

@Resolver(() => Account)
export class AccountPriceOverridesResolver {
  constructor(
    private readonly queries: PriceOverrideQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => PriceOverrideConnection)
  @Authorized('priceOverride.list')
  async priceOverrides(
    @Root() account: Account,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<PriceOverrideConnection> {
    const scope = await access.scope('priceOverride.list', account.id);
    const list = `priceOverrides/${account.id}`;
    return this.queries.page(scope, pageRequest(page, this.cursors, list), (id) => this.cursors.encode(list, id));
  }
}
