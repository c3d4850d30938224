import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { Authorized, Public } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { asUser } from '../../principal.js';
import {
  ChangePasswordInput,
  CreatedPasswordReset,
  CreatePasswordResetInput,
  ResetPasswordInput,
  RevokedSessions,
  Session,
  SignInInput,
  SignInOptions,
  SignUpInput,
} from './session.inputs.js';
import type { PasswordService } from './password.service.js';
import type { SessionService } from './session.service.js';

@Resolver()
export class SessionResolver {
  constructor(
    private readonly sessions: SessionService,
    private readonly options: SignInOptions,
  ) {}

  @Query(() => SignInOptions)
  @Public()
  signInOptions(): SignInOptions {
    return this.options;
  }

  @Mutation(() => Session)
  @Public()
  async signIn(@Arg('input', () => SignInInput) input: SignInInput, @Ctx() context: ApiContext): Promise<Session> {
    return setCookie(context, await this.sessions.signIn(input, context.client));
  }

  @Mutation(() => Session)
  @Public()
  async signUp(@Arg('input', () => SignUpInput) input: SignUpInput, @Ctx() context: ApiContext): Promise<Session> {
    return setCookie(context, await this.sessions.signUp(input, context.client));
  }

  @Mutation(() => Boolean)
  @Authorized('session.end')
  async signOut(@Ctx() context: ApiContext): Promise<boolean> {
    const { principal } = context.access;
    context.cookie.clear();
    return principal.kind === 'user' && (await this.sessions.signOut(principal));
  }

  /** Ends one of the caller's own sessions, at once. */
  @Mutation(() => ID)
  @Authorized('session.revoke')
  revokeSession(@Arg('id', () => ID) id: string, @Ctx() { access, client }: ApiContext): Promise<string> {
    return this.sessions.revoke(asUser(access.principal), id, client);
  }

  /** Ends all of the caller's sessions but the one that asks. */
  @Mutation(() => RevokedSessions)
  @Authorized('session.revoke')
  async revokeOtherSessions(@Ctx() { access, client }: ApiContext): Promise<RevokedSessions> {
    return { count: await this.sessions.revokeOthers(asUser(access.principal), client) };
  }
}

@Resolver()
export class PasswordResolver {
  constructor(private readonly passwords: PasswordService) {}

  /** Ends every session of the caller; the answer is a new one. */
  @Mutation(() => Session)
  @Authorized('password.change')
  async changePassword(
    @Arg('input', () => ChangePasswordInput) input: ChangePasswordInput,
    @Ctx() context: ApiContext,
  ): Promise<Session> {
    const principal = asUser(context.access.principal);
    return setCookie(context, await this.passwords.change(principal, input, context.client));
  }

  /** A link by which a user sets his password anew, to be handed to him; good for one use and a day. */
  @Mutation(() => CreatedPasswordReset)
  @Authorized('password.issueReset')
  createPasswordReset(
    @Arg('input', () => CreatePasswordResetInput) input: CreatePasswordResetInput,
    @Ctx() { access, client }: ApiContext,
  ): Promise<CreatedPasswordReset> {
    return this.passwords.createReset(input, { name: access.actorName, ip: client.ip });
  }

  /** Uses such a link: ends every session of its user; the answer is a new one. */
  @Mutation(() => Session)
  @Public()
  async resetPassword(
    @Arg('input', () => ResetPasswordInput) input: ResetPasswordInput,
    @Ctx() context: ApiContext,
  ): Promise<Session> {
    return setCookie(context, await this.passwords.reset(input, context.client));
  }
}

function setCookie(context: ApiContext, session: Session): Session {
  context.cookie.set(session.token, session.expiresAt);
  return session;
}
