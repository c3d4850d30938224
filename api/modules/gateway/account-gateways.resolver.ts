import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { parseInput } from '../../input.js';
import { pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { GatewayConnection, GatewayPageArguments, searchSchema } from './gateway.inputs.js';
import type { GatewayQueries } from './gateway.queries.js';

@Resolver(() => Account)
export class AccountGatewaysResolver {
  constructor(
    private readonly queries: GatewayQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => GatewayConnection)
  @Authorized('gateway.read')
  async gateways(
    @Root() account: Account,
    @Args(() => GatewayPageArguments) args: GatewayPageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<GatewayConnection> {
    const scope = await access.scope('gateway.read', account.id);
    const search = parseInput(searchSchema.nullable(), args.search ?? null, 'search');
    const list = `gateways/${account.id}/${search ?? ''}`;
    const request = { ...pageRequest(args, this.cursors, list), search };
    return this.queries.page(scope, request, (id) => this.cursors.encode(list, id));
  }

  @FieldResolver(() => Gateway, { nullable: true })
  @Authorized('gateway.read')
  async gateway(
    @Root() account: Account,
    @Arg('name', () => String) name: string,
    @Ctx() { access }: ApiContext,
  ): Promise<Gateway | null> {
    return this.queries.byName(await access.scope('gateway.read', account.id), name);
  }
}
