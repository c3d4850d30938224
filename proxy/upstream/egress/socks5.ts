/**
 * SOCKS5 (RFC 1928), with a user and password (RFC 1929) when the proxy's URL has some. Names are the proxy's to
 * resolve.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { egressCredentials } from './egress-credentials.js';
import { brokeProtocol, EgressRefusal, refusedCredentials } from './egress-refusal.js';
import type { TunnelTarget } from './egress-tunnel.js';
import type { HandshakeReader } from './handshake-reader.js';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USER_AND_PASSWORD = 2;
const NONE_ACCEPTABLE = 0xff;
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
/** Of a name, a user, a password: their length is one byte. */
const TEXT_BYTES_MAX = 255;

/** RFC 1928 §6 */
const REPLIES: Readonly<Record<number, string>> = {
  1: 'failed',
  2: 'does not allow the connection',
  3: 'cannot reach the network of the provider',
  4: 'cannot reach the provider',
  5: 'was refused by the provider',
  6: 'gave up on the provider',
  7: 'does not know how to connect',
  8: 'cannot reach addresses of this kind',
};

/** Asks, and resolves once the proxy has connected; throws EgressRefusal. */
export async function askBySocks5(reader: HandshakeReader, url: URL, target: TunnelTarget): Promise<void> {
  const credentials = egressCredentials(url);
  const method = credentials === null ? NO_AUTHENTICATION : USER_AND_PASSWORD;
  reader.write(Buffer.from([VERSION, 1, method]));
  const [version, chosen] = await reader.exactly(2);
  if (version !== VERSION) throw brokeProtocol();
  if (chosen === NONE_ACCEPTABLE) throw refusedCredentials();
  if (chosen !== method) throw brokeProtocol();
  if (credentials !== null) await authenticate(reader, credentials);
  await connect(reader, target);
}

async function authenticate(
  reader: HandshakeReader,
  credentials: { readonly user: string; readonly password: string },
): Promise<void> {
  reader.write(Buffer.concat([Buffer.from([1]), counted(credentials.user), counted(credentials.password)]));
  const [version, status] = await reader.exactly(2);
  if (version !== 1) throw brokeProtocol();
  if (status !== 0) throw refusedCredentials();
}

async function connect(reader: HandshakeReader, target: TunnelTarget): Promise<void> {
  const port = Buffer.from([target.port >> 8, target.port & 0xff]);
  reader.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressed(target.hostname), port]));
  const [version, reply = 0, , kind] = await reader.exactly(4);
  if (version !== VERSION) throw brokeProtocol();
  if (reply !== 0) throw new EgressRefusal(REPLIES[reply] ?? 'refused the connection');
  // Where the proxy sends from: of no use, but it stands before the provider's first byte.
  await reader.exactly((await boundAddressBytes(reader, kind)) + 2);
}

async function boundAddressBytes(reader: HandshakeReader, kind: number | undefined): Promise<number> {
  if (kind === ADDRESS.ipv4) return 4;
  if (kind === ADDRESS.ipv6) return 16;
  if (kind !== ADDRESS.name) throw brokeProtocol();
  const [length = 0] = await reader.exactly(1);
  return length;
}

function addressed(hostname: string): Buffer {
  if (isIPv4(hostname)) return Buffer.from([ADDRESS.ipv4, ...hostname.split('.').map(Number)]);
  if (isIPv6(hostname)) return Buffer.concat([Buffer.from([ADDRESS.ipv6]), ipv6Bytes(hostname)]);
  return Buffer.concat([Buffer.from([ADDRESS.name]), counted(hostname)]);
}

/** One byte of length, then the text. Where a user alone is the credential, the password is empty, as curl sends it. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > TEXT_BYTES_MAX) {
    throw new EgressRefusal('cannot be told a name, user or password that is longer than 255 bytes');
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/**
 * The URL parser writes any form of an address as eight groups of hexadecimal digits, the longest run of zeros left
 * out.
 */
function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), index * 2));
  return bytes;
}
