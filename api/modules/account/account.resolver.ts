import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { unauthenticated } from '../../errors.js';
import type { AccountChangesService } from './account-changes.service.js';
import {
  AccountQuotas,
  CreateAccountInput,
  DeleteAccountInput,
  quotasOf,
  UpdateAccountInput,
} from './account.inputs.js';
import type { AccountService } from './account.service.js';

@Resolver(() => Account)
export class AccountResolver {
  constructor(
    private readonly accounts: AccountService,
    private readonly changes: AccountChangesService,
  ) {}

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

  /** Renames an account. Its former names go on leading to it, and are never given to another. */
  @Mutation(() => Account)
  @Authorized('account.rename')
  async updateAccount(
    @Arg('input', () => UpdateAccountInput) input: UpdateAccountInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Account> {
    return this.changes.rename(await access.scope('account.rename', input.id), input);
  }

  /** Deletes an account, for good: it stops serving within a second, and its credentials and bodies are erased. */
  @Mutation(() => ID)
  @Authorized('account.delete')
  async deleteAccount(
    @Arg('input', () => DeleteAccountInput) input: DeleteAccountInput,
    @Ctx() { access }: ApiContext,
  ): Promise<string> {
    return this.changes.delete(await access.scope('account.delete', input.id), input);
  }
}
