/**
 * Which page sent a request. A browser says so (`Sec-Fetch-Site`, `Origin`), and adds the session's cookie whatever
 * page it was: what another site's page sends is refused, signing in too, which would put its visitor into a stranger's
 * account.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { extensionsOf } from '../graphql/format-error.js';
import { forbidden } from '../errors.js';

/** Whether a page of ours sent it, or no page at all. `publicOrigin`: where browsers reach the api. */
export function isOwnOrigin(headers: IncomingHttpHeaders, publicOrigin: string): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  // The api may be reached under other names than its public one; their cookies are others too.
  return origin === undefined || origin === publicOrigin || origin === `http://${host}` || origin === `https://${host}`;
}

/** Refuses what a page of another site sends, unless it brings a token of its own, which no browser adds by itself. */
export function requireOwnOrigin(publicOrigin: string): RequestHandler {
  return (request, response, next) => {
    if (request.headers.authorization !== undefined || isOwnOrigin(request.headers, publicOrigin)) return next();
    const error = forbidden('A page of another origin sent this: only the dashboard itself may use its session.');
    return void response.status(403).json({ errors: [{ message: error.message, extensions: extensionsOf(error) }] });
  };
}
