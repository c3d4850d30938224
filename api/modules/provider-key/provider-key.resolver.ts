import { GraphQLJSON } from 'graphql-scalars';
import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Gateway } from '../../../schema/entities/gateway.js';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { CreateProviderKeyInput, ProviderKeyConnection, RotateProviderKeyInput } from './provider-key.inputs.js';
import type { ProviderKeyQueries } from './provider-key.queries.js';
import type { ProviderKeyService } from './provider-key.service.js';

@Resolver(() => ProviderKey)
export class ProviderKeyResolver {
  constructor(private readonly keys: ProviderKeyService) {}

  @Mutation(() => ProviderKey)
  @Authorized('providerKey.create')
  async createProviderKey(
    @Arg('input', () => CreateProviderKeyInput) input: CreateProviderKeyInput,
    @Ctx() { access }: ApiContext,
  ): Promise<ProviderKey> {
    return this.keys.create(await access.scopeOf('providerKey.create', 'gateway', input.gatewayId), input);
  }

  /** Puts another secret in the place of a key's: calls have either the old one or the new one, never none. */
  @Mutation(() => ProviderKey)
  @Authorized('providerKey.rotate')
  async rotateProviderKey(
    @Arg('input', () => RotateProviderKeyInput) input: RotateProviderKeyInput,
    @Ctx() { access }: ApiContext,
  ): Promise<ProviderKey> {
    return this.keys.rotate(await access.scopeOf('providerKey.rotate', 'providerKey', input.id), input);
  }

  /** What the key is for besides its origin: an Azure resource, a region; empty for most providers. */
  @FieldResolver(() => GraphQLJSON)
  @Authorized('providerKey.list')
  target(@Root() key: ProviderKey): Readonly<Record<string, string>> {
    return key.target;
  }

  @Mutation(() => ID)
  @Authorized('providerKey.delete')
  async deleteProviderKey(@Arg('id', () => ID) id: string, @Ctx() { access }: ApiContext): Promise<string> {
    return this.keys.delete(await access.scopeOf('providerKey.delete', 'providerKey', id), id);
  }
}

@Resolver(() => Gateway)
export class GatewayProviderKeysResolver {
  constructor(
    private readonly queries: ProviderKeyQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => ProviderKeyConnection)
  @Authorized('providerKey.list')
  async providerKeys(
    @Root() gateway: Gateway,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<ProviderKeyConnection> {
    const scope = await access.scope('providerKey.list', gateway.accountId);
    const list = `providerKeys/${gateway.accountId}/${gateway.id}`;
    const request = { ...pageRequest(page, this.cursors, list), gatewayId: gateway.id };
    return this.queries.page(scope, request, (id) => this.cursors.encode(list, id));
  }
}
