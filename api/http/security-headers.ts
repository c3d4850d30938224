/** Headers on every answer of the api: nothing may frame it, sniff it, or load anything that it does not serve. */
import type { RequestHandler } from 'express';

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

export function securityHeaders(isHttps: boolean): RequestHandler {
  return (_request, response, next) => {
    response.set(HEADERS);
    if (isHttps) response.set('strict-transport-security', 'max-age=31536000');
    next();
  };
}
