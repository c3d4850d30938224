import { Arg, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { unauthenticated } from '../../errors.js';
import { AccountQuotas, CreateAccountInput, quotasOf } from './account.inputs.js';
import type { AccountService } from './account.service.js';

@Resolver(() => Account)
export class AccountResolver {
  constructor(private readonly accounts: AccountService) {}

  @Query(() => Account, { nullable: true })
  @Authorized('account.read')
  account(
    @Arg('tag', () => String, { nullable: true }) tag: string | null,
    @Arg('name', () => String, { nullable: true }) name: string | null,
    @Ctx() { access }: ApiContext,
  ): Promise<Account | null> {
    return this.accounts.find({ tag, name }, access);
  }

  @FieldResolver(() => AccountQuotas)
  @Authorized('account.read')
  quotas(@Root() account: Account): AccountQuotas {
    return quotasOf(account);
  }

  @Mutation(() => Account)
  @Authorized('account.create')
  createAccount(
    @Arg('input', () => CreateAccountInput) input: CreateAccountInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Account> {
    if (access.principal.kind !== 'user') throw unauthenticated();
    return this.accounts.create(input, access.principal, access.clientIp);
  }
}
