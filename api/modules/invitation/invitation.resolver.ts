import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Authorized, Public } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { PageArguments, pageRequest } from '../../paging/connection.js';
import type { Cursors } from '../../paging/cursors.js';
import type { AcceptanceService } from './acceptance.service.js';
import {
  AcceptedInvitation,
  AcceptInvitationInput,
  CreatedInvitation,
  CreateInvitationInput,
  InvitationConnection,
  InvitationOffer,
} from './invitation.inputs.js';
import type { InvitationQueries } from './invitation.queries.js';
import type { InvitationService } from './invitation.service.js';

@Resolver()
export class InvitationResolver {
  constructor(
    private readonly invitations: InvitationService,
    private readonly acceptances: AcceptanceService,
  ) {}

  /** What a link offers; null: it is none, or used, revoked or expired. */
  @Query(() => InvitationOffer, { nullable: true })
  @Public()
  invitation(
    @Arg('secret', () => String) secret: string,
    @Ctx() { client }: ApiContext,
  ): Promise<InvitationOffer | null> {
    return this.acceptances.offer(secret, client);
  }

  /** A link that makes whoever it is handed to a member; one that is open for the same email is replaced. */
  @Mutation(() => CreatedInvitation)
  @Authorized('invitation.create')
  async createInvitation(
    @Arg('input', () => CreateInvitationInput) input: CreateInvitationInput,
    @Ctx() { access }: ApiContext,
  ): Promise<CreatedInvitation> {
    return this.invitations.create(await access.scope('invitation.create', input.accountId), input, access.principal);
  }

  @Mutation(() => ID)
  @Authorized('invitation.revoke')
  async revokeInvitation(@Arg('id', () => ID) id: string, @Ctx() { access }: ApiContext): Promise<string> {
    return this.invitations.revoke(await access.scopeOf('invitation.revoke', 'invitation', id), id, access.principal);
  }

  /** Makes the caller a member, or whoever brings the password; a new user is signed in with it. */
  @Mutation(() => AcceptedInvitation)
  @Public()
  async acceptInvitation(
    @Arg('input', () => AcceptInvitationInput) input: AcceptInvitationInput,
    @Ctx() context: ApiContext,
  ): Promise<AcceptedInvitation> {
    const accepted = await this.acceptances.accept(input, context.access.principal, context.client);
    const { session } = accepted;
    if (session === null) return accepted;
    context.cookie.set(session.token, session.expiresAt);
    // The fields below are asked by the new member; the next mutation looks at its caller anew. Where he cannot be
    // looked up just now, it is as whoever called: he is a member all the same, and has to be told his session.
    Object.assign(context, { access: await context.accessBy(session.token).catch(() => context.access) });
    return accepted;
  }
}

@Resolver(() => Account)
export class AccountInvitationsResolver {
  constructor(
    private readonly queries: InvitationQueries,
    private readonly cursors: Cursors,
  ) {}

  /** Those that can still be accepted. */
  @FieldResolver(() => InvitationConnection)
  @Authorized('invitation.list')
  async invitations(
    @Root() account: Account,
    @Args(() => PageArguments) page: PageArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<InvitationConnection> {
    const scope = await access.scope('invitation.list', account.id);
    const list = `invitations/${account.id}`;
    return this.queries.page(scope, pageRequest(page, this.cursors, list), (id) => this.cursors.encode(list, id));
  }
}
