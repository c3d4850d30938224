import { Arg, Args, Ctx, Field, FieldResolver, ID, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { PERMISSIONS, type Permission } from '../../../schema/contracts/permissions.js';
import { PermissionEnum } from '../../../schema/entities/graphql-enums.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import type { Principal } from '../../principal.js';
import { AccountConnection } from './account.inputs.js';
import type { AccountQueries } from './account.queries.js';

/** Who is asking. An API token has no email and is never the operator. */
@ObjectType()
export class Viewer {
  @Field(() => String, { nullable: true }) email: string | null;
  @Field(() => Boolean) isOperator: boolean;
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
    if (principal.kind !== 'user') return { email: null, isOperator: false };
    return { email: principal.email, isOperator: principal.isOperator };
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
