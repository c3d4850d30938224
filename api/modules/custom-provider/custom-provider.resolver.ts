import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import {
  CreateCustomProviderInput,
  CustomProviderConnection,
  UpdateCustomProviderInput,
} from './custom-provider.inputs.js';
import type { CustomProviderQueries } from './custom-provider.queries.js';
import type { CustomProviderService } from './custom-provider.service.js';

@Resolver(() => CustomProvider)
export class CustomProviderResolver {
  constructor(private readonly providers: CustomProviderService) {}

  @Mutation(() => CustomProvider)
  @Authorized('customProvider.create')
  async createCustomProvider(
    @Arg('input', () => CreateCustomProviderInput) input: CreateCustomProviderInput,
    @Ctx() { access }: ApiContext,
  ): Promise<CustomProvider> {
    return this.providers.create(await access.scope('customProvider.create', input.accountId), input);
  }

  @Mutation(() => CustomProvider)
  @Authorized('customProvider.update')
  async updateCustomProvider(
    @Arg('input', () => UpdateCustomProviderInput) input: UpdateCustomProviderInput,
    @Ctx() { access }: ApiContext,
  ): Promise<CustomProvider> {
    return this.providers.update(await access.scopeOf('customProvider.update', 'customProvider', input.id), input);
  }

  /** The provider keys that are stored for it go with it. */
  @Mutation(() => ID)
  @Authorized('customProvider.delete')
  async deleteCustomProvider(@Arg('id', () => ID) id: string, @Ctx() { access }: ApiContext): Promise<string> {
    return this.providers.delete(await access.scopeOf('customProvider.delete', 'customProvider', id), id);
  }
}

@Resolver(() => Account)
export class AccountCustomProvidersResolver {
  constructor(
    private readonly queries: CustomProviderQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => CustomProviderConnection)
  @Authorized('customProvider.list')
  async customProviders(
    @Root() account: Account,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<CustomProviderConnection> {
    const scope = await access.scope('customProvider.list', account.id);
    const list = `customProviders/${account.id}`;
    return this.queries.page(scope, pageRequest(page, this.cursors, list), (id) => this.cursors.encode(list, id));
  }
}
