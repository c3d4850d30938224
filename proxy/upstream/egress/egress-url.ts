/** `EGRESS_PROXY_URL`: the operator's own egress proxy, at whatever address. */
import { z } from 'zod';

const SCHEMES = new Set(['http:', 'https:', 'socks5:']);

/** Null when absent. A problem says nothing of the URL: it may hold a password. */
export const egressUrlSchema: z.ZodType<URL | null> = z
  .string()
  .nullable()
  .default(null)
  .transform((text, context): URL | null => {
    if (text === null) return null;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url !== null && isProxyUrl(url)) return url;
    context.addIssue({
      code: 'custom',
      message: 'must be like http://proxy:3128, https://… or socks5://…, without a path',
    });
    return z.NEVER;
  });

function isProxyUrl({ protocol, hostname, pathname, search, hash }: URL): boolean {
  return SCHEMES.has(protocol) && hostname !== '' && (pathname === '' || pathname === '/') && search + hash === '';
}
