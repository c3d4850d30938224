import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { Authorized, Public } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { Session, SignInInput, SignUpInput } from './session.inputs.js';
import type { SessionService } from './session.service.js';

@Resolver()
export class SessionResolver {
  constructor(private readonly sessions: SessionService) {}

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
}

function setCookie(context: ApiContext, session: Session): Session {
  context.cookie.set(session.token, session.expiresAt);
  return session;
}
