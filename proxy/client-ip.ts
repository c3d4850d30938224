/** The client's address: the socket's, or as far up `X-Forwarded-For` as the operator's own proxies reach. */
import { isIP } from 'node:net';
import type { ClientRequest } from './client/client-exchange.js';
import { joinedHeaders } from './header-list.js';

/**
 * The address of the client, `trustedHops` proxies in front of us: hop 1 is the last entry of `X-Forwarded-For`, which
 * our own load balancer wrote. With 0 hops no header is read at all, so none can be forged. Null when unusable.
 */
export function clientIp(request: ClientRequest, trustedHops: number): string | null {
  const peer = normaliseIp(request.socket.remoteAddress ?? '');
  if (trustedHops === 0) return peer;
  const header = joinedHeaders(request.rawHeaders, 'x-forwarded-for');
  if (header === null) return peer;
  const entries = header.split(',');
  const entry = entries[Math.max(0, entries.length - trustedHops)];
  return entry === undefined ? peer : normaliseIp(entry.trim());
}

/** IPv4-mapped IPv6 becomes IPv4 (one client, one spelling); text that is no address becomes null. */
export function normaliseIp(text: string): string | null {
  const bare = /^::ffff:/i.test(text) && isIP(text.slice(7)) === 4 ? text.slice(7) : text;
  const zoned = bare.indexOf('%');
  const address = zoned === -1 ? bare : bare.slice(0, zoned);
  return isIP(address) === 0 ? null : address;
}
