import { Arg, Args, Ctx, Field, FieldResolver, ID, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { PERMISSIONS, type Permission, type Role } from '../../../schema/contracts/permissions.js';
import { PermissionEnum, RoleEnum } from '../../../schema/entities/graphql-enums.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import type { Principal } from '../../principal.js';
import { AccountConnection } from './account.inputs.js';
import type { AccountQueries } from './account.queries.js';

/** Who is asking. An API token has neither user id nor email, and is never the operator. */
@ObjectType()
export class Viewer {
  /** the user's; members bear it as `userId` */
  @Field(() => ID, { nullable: true }) id: string | null;
  @Field(() => String, { nullable: true }) email: string | null;
  @Field(() => Boolean) isOperator: boolean;
  /** whether he can sign in by a password; else he does so at the OpenID provider */
  @Field(() => Boolean) hasPassword: boolean;
}

@Resolver(() => Viewer)
export class ViewerResolver {
  constructor(
    private readonly accountQueries: AccountQueries,
    private readonly cursors: Cursors,
  ) {}

  @Query(() => Viewer)
  @Authorized('viewer.read')
  viewer(@Ctx() { access: { principal } }: ApiContext): Viewer {
    if (principal.kind !== 'user') return { id: null, email: null, isOperator: false, hasPassword: false };
    const { userId, email, isOperator, hasPassword } = principal;
    return { id: userId, email, isOperator, hasPassword };
  }

  /** What the caller may do in an account; empty for one that is unknown or not his. */
  @FieldResolver(() => [PermissionEnum])
  @Authorized('viewer.read')
  async permissions(
    @Arg('accountId', () => ID) accountId: string,
    @Ctx() { access }: ApiContext,
  ): Promise<readonly Permission[]> {
    const held = await access.permissions(accountId);
    return PERMISSIONS.filter((permission) => held.has(permission));
  }

  /** The caller's role in an account; null where he has none, and for an API token. */
  @FieldResolver(() => RoleEnum, { nullable: true })
  @Authorized('viewer.read')
  role(@Arg('accountId', () => ID) accountId: string, @Ctx() { access }: ApiContext): Promise<Role | null> {
    return access.roleIn(accountId);
  }

  @FieldResolver(() => AccountConnection)
  @Authorized('viewer.read')
  accounts(
    @Root() _viewer: Viewer,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access: { principal } }: ApiContext,
  ): Promise<AccountConnection> {
    const list = `accounts/${identity(principal)}`;
    const request = pageRequest(page, this.cursors, list);
    return this.accountQueries.page(principal, request, (id) => this.cursors.encode(list, id));
  }
}

function identity(principal: Principal): string {
  if (principal.kind === 'anonymous') return 'anonymous';
  return principal.kind === 'user' ? principal.userId : principal.tokenId;
}
