import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { ApiTokenArguments, ApiTokenConnection } from './api-token.inputs.js';
import type { ApiTokenQueries } from './api-token.queries.js';

@Resolver(() => Account)
export class AccountTokensResolver {
  constructor(
    private readonly queries: ApiTokenQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => ApiTokenConnection)
  @Authorized('apiToken.list')
  async apiTokens(
    @Root() account: Account,
    @Args(() => ApiTokenArguments) page: ApiTokenArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<ApiTokenConnection> {
    const scope = await access.scope('apiToken.list', account.id);
    const list = `apiTokens/${account.id}`;
    const request = { ...pageRequest(page, this.cursors, list), revoked: page.revoked ?? null };
    return this.queries.page(scope, request, (id) => this.cursors.encode(list, id));
  }
}
