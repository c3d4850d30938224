import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { parseInput } from '../../input.js';
import { pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import type { AccountControl } from './account-control.service.js';
import type { AccountOverviewQueries } from './account-overview.queries.js';
import {
  AccountOverview,
  AccountOverviewConnection,
  AccountsArguments,
  searchSchema,
  SetAccountQuotasInput,
  SuspendAccountInput,
} from './operator.inputs.js';

const LIST = 'operator/accounts';

@Resolver(() => AccountOverview)
export class OperatorResolver {
  constructor(
    private readonly overviews: AccountOverviewQueries,
    private readonly control: AccountControl,
    private readonly cursors: Cursors,
  ) {}

  /** All accounts of the instance, newest first. For the operator. */
  @Query(() => AccountOverviewConnection)
  @Authorized('account.list')
  accounts(@Args(() => AccountsArguments) page: AccountsArguments): Promise<AccountOverviewConnection> {
    const request = {
      ...pageRequest(page, this.cursors, LIST),
      search: parseInput(searchSchema, page.search ?? null, 'search'),
    };
    return this.overviews.page(request, (id) => this.cursors.encode(LIST, id));
  }

  /** From now on the account's gateways serve nobody, and its members can only read. For the operator. */
  @Mutation(() => AccountOverview)
  @Authorized('account.suspend')
  async suspendAccount(
    @Arg('input', () => SuspendAccountInput) input: SuspendAccountInput,
    @Ctx() { access }: ApiContext,
  ): Promise<AccountOverview> {
    return this.control.suspend(await access.operatorScope('account.suspend', input.accountId), input);
  }

  @Mutation(() => AccountOverview)
  @Authorized('account.resume')
  async resumeAccount(
    @Arg('accountId', () => ID) accountId: string,
    @Ctx() { access }: ApiContext,
  ): Promise<AccountOverview> {
    return this.control.resume(await access.operatorScope('account.resume', accountId));
  }

  @Mutation(() => AccountOverview)
  @Authorized('account.setQuotas')
  async setAccountQuotas(
    @Arg('input', () => SetAccountQuotasInput) input: SetAccountQuotasInput,
    @Ctx() { access }: ApiContext,
  ): Promise<AccountOverview> {
    return this.control.setQuotas(await access.operatorScope('account.setQuotas', input.accountId), input);
  }
}
