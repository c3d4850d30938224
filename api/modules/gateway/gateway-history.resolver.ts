import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import { ConfigChange } from '../../config-change.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageOf, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { VersionConnection, VersionNode, RollbackGatewayInput } from './gateway-history.inputs.js';
import type { GatewayHistory } from './gateway-history.js';
import type { GatewayService } from './gateway.service.js';

@Resolver(() => Gateway)
export class GatewayHistoryResolver {
  constructor(
    private readonly history: GatewayHistory,
    private readonly gateways: GatewayService,
    private readonly cursors: Cursors,
  ) {}

  /** What the gateway was, newest first: the last thousand versions, as far as the ledger is kept. */
  @FieldResolver(() => VersionConnection)
  @Authorized('gateway.history')
  async versions(
    @Root() { id, accountId }: Gateway,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<VersionConnection> {
    const scope = await access.scope('gateway.history', accountId);
    const list = `versions/${accountId}/${id}`;
    const request = pageRequest(page, this.cursors, list);
    const rows = await this.history.page(scope, id, request);
    return pageOf(rows, request, (row) => this.cursors.encode(list, String(row.number)));
  }

  /** The version that a log names, for instance; null: it is not kept. */
  @FieldResolver(() => VersionNode, { nullable: true })
  @Authorized('gateway.history')
  async version(
    @Root() { id, accountId }: Gateway,
    @Arg('number', () => Int) number: number,
    @Ctx() { access }: ApiContext,
  ): Promise<VersionNode | null> {
    return this.history.one(await access.scope('gateway.history', accountId), id, number);
  }

  /** What differs from one version to another; null: one of them is not kept. */
  @FieldResolver(() => [ConfigChange], { nullable: true })
  @Authorized('gateway.history')
  async versionDiff(
    @Root() { id, accountId }: Gateway,
    @Arg('from', () => Int) from: number,
    @Arg('to', () => Int) to: number,
    @Ctx() { access }: ApiContext,
  ): Promise<ConfigChange[] | null> {
    return this.history.diff(await access.scope('gateway.history', accountId), id, from, to);
  }

  /** A new version with the description and the settings of an old one. Keys, custom providers and prices stay. */
  @Mutation(() => Gateway)
  @Authorized('gateway.rollback')
  async rollbackGateway(
    @Arg('input', () => RollbackGatewayInput) input: RollbackGatewayInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Gateway> {
    return this.gateways.rollBack(await access.scopeOf('gateway.rollback', 'gateway', input.id), input);
  }
}
