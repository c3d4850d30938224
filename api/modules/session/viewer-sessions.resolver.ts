import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { asUser } from '../../principal.js';
import { Viewer } from '../account/index.js';
import { ActiveSessionConnection } from './session.inputs.js';
import type { SessionQueries } from './session.queries.js';

@Resolver(() => Viewer)
export class ViewerSessionsResolver {
  constructor(
    private readonly queries: SessionQueries,
    private readonly cursors: Cursors,
  ) {}

  /** Where the caller is signed in, the latest sign-in first. */
  @FieldResolver(() => ActiveSessionConnection)
  @Authorized('session.list')
  sessions(
    @Root() _viewer: Viewer,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access: { principal } }: ApiContext,
  ): Promise<ActiveSessionConnection> {
    const user = asUser(principal);
    const list = `sessions/${user.userId}`;
    return this.queries.page(user, pageRequest(page, this.cursors, list), (id) => this.cursors.encode(list, id));
  }
}
