/** The dashboard's session cookie: HttpOnly, SameSite=Lax, and `__Host-` (Secure, this host, path /) over https. */
import type { Request, Response } from 'express';
import type { SessionCookie } from '../context.js';

/** Over plain http (one machine, development) browsers refuse `__Host-`. */
const cookieName = (isHttps: boolean): string => (isHttps ? '__Host-tollgate_session' : 'tollgate_session');

/** The session token of a request's cookies; null: none. */
export const readSessionCookie = (request: Request, isHttps: boolean): string | null =>
  readCookie(request, cookieName(isHttps));

/** The value of one of a request's cookies; null: it is not there. */
export function readCookie(request: Request, name: string): string | null {
  const prefix = `${name}=`;
  const pairs = (request.headers.cookie ?? '').split(';', 100).map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length) ?? null;
}

export function sessionCookie(response: Response, isHttps: boolean): SessionCookie {
  const options = { httpOnly: true, secure: isHttps, sameSite: 'lax', path: '/' } as const;
  return {
    set: (token, expires) => response.cookie(cookieName(isHttps), token, { ...options, expires }),
    clear: () => response.clearCookie(cookieName(isHttps), options),
  };
}
