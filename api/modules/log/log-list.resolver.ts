import { Arg, Args, Ctx, FieldResolver, ID, Int, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { parseInput } from '../../input.js';
import { pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { assertSearchable, logFilterSchema, LogPageArguments } from './log.inputs.js';
import type { LogQueries } from './log.queries.js';
import { Log, LogConnection } from './log.types.js';

@Resolver(() => Gateway)
export class GatewayLogsResolver {
  constructor(
    private readonly queries: LogQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => LogConnection)
  @Authorized('log.read')
  async logs(
    @Root() gateway: Gateway,
    @Args(() => LogPageArguments) args: LogPageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<LogConnection> {
    const scope = await access.scope('log.read', gateway.accountId);
    const filter = parseInput(logFilterSchema, args.filter ?? {}, 'filter');
    const order = args.orderBy ?? { field: 'CREATED_AT', direction: 'DESC' };
    assertSearchable(filter, order);
    const list = `logs/${gateway.accountId}/${gateway.id}/${order.field}/${order.direction}`;
    const request = { ...pageRequest(args, this.cursors, list), gatewayId: gateway.id, filter, order };
    return this.queries.page(scope, request, (position) => this.cursors.encode(list, position));
  }

  @FieldResolver(() => Log, { nullable: true })
  @Authorized('log.read')
  async log(
    @Root() gateway: Gateway,
    @Arg('id', () => ID) id: string,
    @Ctx() { access }: ApiContext,
  ): Promise<Log | null> {
    return this.queries.byId(await access.scope('log.read', gateway.accountId), id, gateway.id);
  }
}

@Resolver(() => Account)
export class AccountLogResolver {
  constructor(private readonly queries: LogQueries) {}

  @FieldResolver(() => Log, { nullable: true })
  @Authorized('log.read')
  async log(
    @Root() account: Account,
    @Arg('id', () => ID) id: string,
    @Ctx() { access }: ApiContext,
  ): Promise<Log | null> {
    return this.queries.byId(await access.scope('log.read', account.id), id, null);
  }
}

@Resolver(() => LogConnection)
export class LogConnectionResolver {
  /**
   * How many logs match, up to 10 000; more are counted as 10 000, and `totalCountIsExact` is false then. Null:
   * counting would have taken too long.
   */
  @FieldResolver(() => Int, { nullable: true })
  @Authorized('log.read')
  async totalCount(@Root() connection: LogConnection): Promise<number | null> {
    return (await connection.count()).total;
  }

  @FieldResolver(() => Boolean)
  @Authorized('log.read')
  async totalCountIsExact(@Root() connection: LogConnection): Promise<boolean> {
    return (await connection.count()).isExact;
  }
}
