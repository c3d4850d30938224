import { Args, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import { pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { positionOf, type PriceListQueries } from './price-list.queries.js';
import { ListedPriceConnection, ListedPricesArguments, PriceListInForce } from './price-list.types.js';

const LIST = 'priceList/models';

@Resolver(() => PriceListInForce)
export class PriceListResolver {
  constructor(
    private readonly queries: PriceListQueries,
    private readonly cursors: Cursors,
  ) {}

  /** The price list in force; null: there is none yet. */
  @Query(() => PriceListInForce, { nullable: true })
  @Authorized('priceList.read')
  priceList(): Promise<PriceListInForce | null> {
    return this.queries.inForce();
  }

  /** Its models, by provider and name. */
  @FieldResolver(() => ListedPriceConnection)
  @Authorized('priceList.read')
  models(
    @Root() list: PriceListInForce,
    @Args(() => ListedPricesArguments) page: ListedPricesArguments,
  ): Promise<ListedPriceConnection> {
    const { provider = null, search = null } = page;
    const request = { ...pageRequest(page, this.cursors, LIST), provider, search };
    return this.queries.page(list.version, request, (row) => this.cursors.encode(LIST, positionOf(row)));
  }
}
