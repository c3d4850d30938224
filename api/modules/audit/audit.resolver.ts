import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { parseInput } from '../../input.js';
import { pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import { AuditEventConnection, auditFilterSchema, AuditPageArguments } from './audit.inputs.js';
import type { AuditQueries } from './audit.queries.js';

@Resolver(() => Account)
export class AccountAuditResolver {
  constructor(
    private readonly queries: AuditQueries,
    private readonly cursors: Cursors,
  ) {}

  /** Who changed what, newest first. */
  @FieldResolver(() => AuditEventConnection)
  @Authorized('audit.read')
  async auditLog(
    @Root() account: Account,
    @Args(() => AuditPageArguments) args: AuditPageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<AuditEventConnection> {
    const scope = await access.scope('audit.read', account.id);
    const filter = parseInput(auditFilterSchema, args.filter, 'filter');
    const list = `auditLog/${account.id}/${JSON.stringify(filter)}`;
    const request = { ...pageRequest(args, this.cursors, list), filter };
    return this.queries.page(scope, request, (id) => this.cursors.encode(list, id));
  }
}
