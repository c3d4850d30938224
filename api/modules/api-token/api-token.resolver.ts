import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { CreateApiTokenInput, CreatedApiToken, RotateApiTokenInput, UpdateApiTokenInput } from './api-token.inputs.js';
import type { ApiTokenService } from './api-token.service.js';

@Resolver(() => ApiToken)
export class ApiTokenResolver {
  constructor(private readonly tokens: ApiTokenService) {}

  @Mutation(() => CreatedApiToken)
  @Authorized('apiToken.create')
  async createApiToken(
    @Arg('input', () => CreateApiTokenInput) input: CreateApiTokenInput,
    @Ctx() { access }: ApiContext,
  ): Promise<CreatedApiToken> {
    return this.tokens.create(await access.scope('apiToken.create', input.accountId), input, access.principal);
  }

  @Mutation(() => ApiToken)
  @Authorized('apiToken.update')
  async updateApiToken(
    @Arg('input', () => UpdateApiTokenInput) input: UpdateApiTokenInput,
    @Ctx() { access }: ApiContext,
  ): Promise<ApiToken> {
    return this.tokens.update(await access.scopeOf('apiToken.update', 'apiToken', input.id), input, access.principal);
  }

  /** Another secret for the same token; the old one goes on for `graceSeconds`. */
  @Mutation(() => CreatedApiToken)
  @Authorized('apiToken.rotate')
  async rotateApiToken(
    @Arg('input', () => RotateApiTokenInput) input: RotateApiTokenInput,
    @Ctx() { access }: ApiContext,
  ): Promise<CreatedApiToken> {
    return this.tokens.rotate(await access.scopeOf('apiToken.rotate', 'apiToken', input.id), input, access.principal);
  }

  @Mutation(() => ApiToken)
  @Authorized('apiToken.revoke')
  async revokeApiToken(@Arg('id', () => ID) id: string, @Ctx() { access }: ApiContext): Promise<ApiToken> {
    return this.tokens.revoke(await access.scopeOf('apiToken.revoke', 'apiToken', id), id, access.principal);
  }

  /** The gateways that the token is limited to, as far as they still exist and the caller sees them; null: all. */
  @FieldResolver(() => [Gateway], { nullable: true })
  @Authorized('gateway.read')
  async gateways(@Root() token: ApiToken, @Ctx() { access, loaders }: ApiContext): Promise<Gateway[] | null> {
    if (token.gatewayIds === null) return null;
    const scope = await access.scope('gateway.read', token.accountId);
    const found = await Promise.all(token.gatewayIds.map((id) => loaders.gateway.load({ scope, id })));
    return found.flatMap((gateway) => (gateway === null || gateway.deletedAt !== null ? [] : [gateway]));
  }
}
