import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { asUser } from '../../principal.js';
import {
  Member,
  MemberConnection,
  RemoveMemberInput,
  TransferAccountInput,
  UpdateMemberInput,
} from './member.inputs.js';
import type { MemberQueries } from './member.queries.js';
import type { MemberService } from './member.service.js';

@Resolver(() => Member)
export class MemberResolver {
  constructor(private readonly members: MemberService) {}

  /** Gives a member another role: neither it nor his present one may be above the caller's. */
  @Mutation(() => Member)
  @Authorized('member.update')
  async updateMember(
    @Arg('input', () => UpdateMemberInput) input: UpdateMemberInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Member> {
    const scope = await access.scope('member.update', input.accountId);
    return this.members.update(scope, input, access.principal);
  }

  /** Ends a membership, at once. API tokens belong to the account, and stay. */
  @Mutation(() => ID)
  @Authorized('member.remove')
  async removeMember(
    @Arg('input', () => RemoveMemberInput) { accountId, memberId }: RemoveMemberInput,
    @Ctx() { access }: ApiContext,
  ): Promise<string> {
    const scope = await access.scope('member.remove', accountId);
    return this.members.remove(scope, memberId, access.principal);
  }

  /** Ends the caller's own membership; answers the account's id. */
  @Mutation(() => ID)
  @Authorized('member.leave')
  async leaveAccount(@Arg('accountId', () => ID) accountId: string, @Ctx() { access }: ApiContext): Promise<string> {
    const scope = await access.scope('member.leave', accountId);
    return this.members.leave(scope, asUser(access.principal).userId);
  }

  /** Makes another member the owner in the caller's place, who stays as an ADMIN. */
  @Mutation(() => Member)
  @Authorized('account.transfer')
  async transferAccount(
    @Arg('input', () => TransferAccountInput) input: TransferAccountInput,
    @Ctx() { access }: ApiContext,
  ): Promise<Member> {
    const scope = await access.scope('account.transfer', input.accountId);
    return this.members.transfer(scope, input, asUser(access.principal));
  }
}

@Resolver(() => Account)
export class AccountMembersResolver {
  constructor(
    private readonly queries: MemberQueries,
    private readonly cursors: Cursors,
  ) {}

  @FieldResolver(() => MemberConnection)
  @Authorized('member.list')
  async members(
    @Root() account: Account,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<MemberConnection> {
    const scope = await access.scope('member.list', account.id);
    const list = `members/${account.id}`;
    return this.queries.page(scope, pageRequest(page, this.cursors, list), (id) => this.cursors.encode(list, id));
  }
}
