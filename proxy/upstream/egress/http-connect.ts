/** HTTP CONNECT (RFC 9110 §9.3.6), with Basic credentials (RFC 7617) when the proxy's URL has some. */
import { isIPv6 } from 'node:net';
import { egressCredentials } from './egress-credentials.js';
import { brokeProtocol, EgressRefusal, refusedCredentials } from './egress-refusal.js';
import type { TunnelTarget } from './egress-tunnel.js';
import type { HandshakeReader } from './handshake-reader.js';

const HEAD_BYTES_MAX = 8_192;
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;

/** Asks, and resolves once the proxy has connected; throws EgressRefusal. */
export async function askByConnect(reader: HandshakeReader, url: URL, target: TunnelTarget): Promise<void> {
  const host = isIPv6(target.hostname) ? `[${target.hostname}]` : target.hostname;
  const authority = `${host}:${target.port}`;
  const credentials = egressCredentials(url);
  const authorization =
    credentials === null
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}\r\n`;
  reader.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
  const head = await reader.through('\r\n\r\n', HEAD_BYTES_MAX);
  const status = Number(STATUS_LINE.exec(head.toString('latin1'))?.[1] ?? 0);
  if (status === 0) throw brokeProtocol();
  if (status === 407) throw refusedCredentials();
  // Whatever its head says of a length, an answer of 2xx to CONNECT has no body (RFC 9110 §9.3.6).
  if (status < 200 || status > 299) throw new EgressRefusal(`answered ${status} instead of connecting`);
}
