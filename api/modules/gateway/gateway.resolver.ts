import { Arg, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { GatewaySettings } from '../../../schema/entities/gateway-settings.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { customSlugOf, endpointUrl, type EndpointOptions } from './endpoint-url.js';
import { CreateGatewayInput, PurgeCacheInput, UpdateGatewayInput } from './gateway.inputs.js';
import type { GatewayService } from './gateway.service.js';

@Resolver(() => Gateway)
export class GatewayResolver {
  constructor(
    private readonly gateways: GatewayService,
    private readonly endpoint: EndpointOptions,
  ) {}

  @Mutation(() => Gateway)
  @Authorized('gateway.create')
  async createGateway(
    @Arg('input', () => CreateGatewayInput) input: CreateGatewayInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Gateway> {
    return this.gateways.create(await access.scope('gateway.create', input.accountId), input);
  }

  @Mutation(() => Gateway)
  @Authorized('gateway.update')
  async updateGateway(
    @Arg('input', () => UpdateGatewayInput) input: UpdateGatewayInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Gateway> {
    return this.gateways.update(await access.scopeOf('gateway.update', 'gateway', input.id), input);
  }

  @Mutation(() => ID)
  @Authorized('gateway.delete')
  async deleteGateway(@Arg('id', () => ID) id: string, @Ctx() { access }: ApiContext): Promise<string> {
    return this.gateways.delete(await access.scopeOf('gateway.delete', 'gateway', id), id);
  }

  /** Makes cached answers unreachable, in every proxy within a second. */
  @Mutation(() => Gateway)
  @Authorized('cache.purge')
  async purgeCache(
    @Arg('input', () => PurgeCacheInput) input: PurgeCacheInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Gateway> {
    return this.gateways.purgeCache(await access.scopeOf('cache.purge', 'gateway', input.gatewayId), input);
  }

  /** The base URL for a provider's client; without a provider, the gateway's own. */
  @FieldResolver(() => String)
  @Authorized('gateway.endpoint')
  async endpointUrl(
    @Root() gateway: Gateway,
    @Arg('provider', () => String, { nullable: true }) provider: string | null | undefined,
    @Ctx() { access, loaders }: ApiContext,
  ): Promise<string> {
    const accountTag = await loaders.accountTag.load(gateway.accountId);
    const at = { accountTag, name: gateway.name };
    if (provider === null || provider === undefined) return endpointUrl(this.endpoint, at, null);
    const slug = customSlugOf(provider);
    const isCustom = slug !== null && (await isCustomProvider({ access, loaders }, gateway, slug));
    return endpointUrl(this.endpoint, at, { slug: provider, isCustom });
  }

  @FieldResolver(() => GatewaySettings)
  @Authorized('gateway.read')
  async settings(@Root() gateway: Gateway, @Ctx() { access, loaders }: ApiContext): Promise<GatewaySettings> {
    const scope = await access.scope('gateway.read', gateway.accountId);
    const settings = await loaders.settings.load({ scope, id: gateway.id });
    if (settings === null) throw new Error(`gateway ${gateway.id} has no settings row`);
    return settings;
  }
}

async function isCustomProvider(
  { access, loaders }: Pick<ApiContext, 'access' | 'loaders'>,
  gateway: Gateway,
  slug: string,
): Promise<boolean> {
  const scope = await access.scope('gateway.endpoint', gateway.accountId);
  return (await loaders.customProvider.load({ scope, id: slug })) !== null;
}
