import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { AccountConfiguration, AppliedConfig, ApplyConfigInput } from './config.inputs.js';
import type { ConfigService } from './config.service.js';

@Resolver(() => Account)
export class ConfigResolver {
  constructor(private readonly configs: ConfigService) {}

  /** Gateways, references of their keys, custom providers and own prices; no secret. */
  @FieldResolver(() => AccountConfiguration)
  @Authorized('config.export')
  async configuration(@Root() account: Account, @Ctx() { access }: ApiContext): Promise<AccountConfiguration> {
    return this.configs.export(await access.scope('config.export', account.id));
  }

  /** Makes the account's configuration what a document says, all of it or nothing; or says what that would take. */
  @Mutation(() => AppliedConfig)
  @Authorized('config.apply')
  async applyConfig(
    @Arg('input', () => ApplyConfigInput) input: ApplyConfigInput,
    @Ctx() { access }: ApiContext,
  ): Promise<AppliedConfig> {
    const config = await access.scope('config.apply', input.accountId);
    const shown = await access.scope('config.export', config.accountId);
    return this.configs.apply(
      { shown, config, prices: await access.scopeOrNull('priceOverride.set', config.accountId) },
      input,
    );
  }
}
