/**
 * `GET /oidc/sign-in?next=/path` sends a browser to the OpenID provider, `GET /oidc/callback` takes it back: both
 * answer with a redirect, or with a line of text that says what was wrong. No word of the provider's stands in it.
 */
import { Router, type Request, type Response } from 'express';
import { errorCode, errorMessage } from '../../platform/error-code.js';
import type { Logger } from '../../platform/logger.js';
import { ApiError } from '../errors.js';
import {
  FLOW_MS,
  localPath,
  newFlow,
  openFlow,
  sealFlow,
  type IdentityService,
  type OidcClient,
} from '../modules/oidc/index.js';
import type { SignInThrottle } from '../modules/session/index.js';
import type { RequestContexts } from '../request-context.js';
import { readCookie, sessionCookie } from './session-cookie.js';

export const OIDC_SIGN_IN = '/oidc/sign-in';
export const OIDC_CALLBACK = '/oidc/callback';

export interface OidcSignInDeps {
  readonly client: OidcClient;
  readonly identities: IdentityService;
  readonly throttle: SignInThrottle;
  readonly contexts: RequestContexts;
  readonly logger: Logger;
  readonly publicApiUrl: string;
  /** derived under the label `oidc-flow` */
  readonly flowKey: Buffer;
}

export function oidcSignIn(deps: OidcSignInDeps): Router {
  const isHttps = deps.publicApiUrl.startsWith('https:');
  const cookie = isHttps ? '__Host-tollgate_oidc' : 'tollgate_oidc';
  // Lax: the way back is a navigation that the provider's page began.
  const options = { httpOnly: true, secure: isHttps, sameSite: 'lax', path: '/' } as const;
  const router = Router();
  router.get(OIDC_SIGN_IN, async (request, response) => {
    await answered(deps, response, async () => {
      const flow = newFlow(localPath(request.query['next'], deps.publicApiUrl));
      const url = await deps.client.authorizationUrl(flow);
      response.cookie(cookie, sealFlow(deps.flowKey, flow), { ...options, maxAge: FLOW_MS });
      response.redirect(303, url.href);
    });
  });
  router.get(OIDC_CALLBACK, async (request, response) => {
    response.clearCookie(cookie, options);
    await answered(deps, response, async () => {
      const text = readCookie(request, cookie);
      const flow = text === null ? null : openFlow(deps.flowKey, text);
      if (flow === null) return say(response, 400, 'This sign-in was begun elsewhere, or too long ago: begin anew.');
      const { ip, userAgent } = deps.contexts.callerOf(request);
      const guess = await deps.throttle.admit(null, ip);
      const claims = await deps.client.claims(searchOf(request), flow);
      const session = await deps.identities.signIn(claims, { ip, userAgent });
      await deps.throttle.forgive(guess);
      sessionCookie(response, isHttps).set(session.token, session.expiresAt);
      return response.redirect(303, flow.next);
    });
  });
  return router;
}

const STATUSES: Readonly<Partial<Record<ApiError['code'], number>>> = { FORBIDDEN: 403, RATE_LIMITED: 429 };

async function answered(deps: OidcSignInDeps, response: Response, work: () => Promise<void>): Promise<void> {
  response.set('cache-control', 'no-store');
  try {
    await work();
  } catch (error) {
    if (error instanceof ApiError) return say(response, STATUSES[error.code] ?? 400, error.message);
    // What the provider answered, and what was wrong with it, is for the log: a stranger could have made it up.
    const [problem, code] = [errorMessage(error), errorCode(error)];
    deps.logger.warn({ problem, code }, 'a sign-in at the OpenID provider failed');
    return say(response, 502, 'The sign-in at the OpenID provider failed: try again, or ask the operator.');
  }
  return undefined;
}

function say(response: Response, status: number, line: string): void {
  response.status(status).type('text/plain').send(`${line}\n`);
}

/** The query as it came: what stands in it twice is for the check to refuse. */
function searchOf({ originalUrl }: Request): string {
  const at = originalUrl.indexOf('?');
  return at === -1 ? '' : originalUrl.slice(at);
}
