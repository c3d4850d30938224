/** A described request as the stages know requests, without a connection behind it. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { DescribedRequest } from '../../schema/contracts/explanation.js';
import type { ClientRequest, ClientResponse } from '../client/client-exchange.js';
import { PlainRequest } from '../client/plain-request.js';

/** What the description says in other words: they follow the body. */
const FRAMING = new Set(['content-length', 'transfer-encoding']);
/** Stands where the secret of the described API token would: `tokenHash` tells which one it is. */
export const DESCRIBED_TOKEN = 'described';

export interface UnsentExchange {
  readonly request: ClientRequest;
  readonly response: UnsentResponse;
}

/** The whole request, its body at hand. */
export function unsentExchange(described: DescribedRequest): UnsentExchange {
  const body = Buffer.from(described.body, 'utf8');
  const rawHeaders = rawHeadersOf(described, body.length);
  const head = { method: described.method, url: targetOf(described), rawHeaders, headBytes: 0, bodyBytes: body.length };
  const request = new PlainRequest(unconnected(), head);
  request.receive(body);
  return { request, response: new UnsentResponse(request) };
}

/** What a request reads of its socket is what any stream has: no address, no bytes. */
const unconnected = (): Socket => new Duplex({ read: () => undefined, write: () => undefined }) as Socket; // see above

/** Nobody gets an answer: all that it ever says is that it is over. */
class UnsentResponse
  extends EventEmitter<Record<'close' | 'drain' | 'error' | 'timeout', []>>
  implements ClientResponse
{
  readonly socket = null;
  readonly headersSent = false;
  readonly destroyed = false;
  readonly closed = false;
  readonly writableLength = 0;

  constructor(readonly req: ClientRequest) {
    super();
  }

  writeHead(): void {}
  flushHeaders(): void {}
  end(): void {}
  destroy(): void {}

  write(): boolean {
    return true;
  }
}

function targetOf({ accountTag, gatewayName, provider, path }: DescribedRequest): string {
  const base = `/v1/${accountTag}/${gatewayName}`;
  if (provider === null) return base;
  const isApart = path === '' || path.startsWith('/') || path.startsWith('?');
  return `${base}/${provider}${isApart ? '' : '/'}${path}`;
}

/** Values are text in UTF-8, which Node reads byte by byte. */
function rawHeadersOf({ headers, tokenHash }: DescribedRequest, bodyBytes: number): string[] {
  const raw = headers
    .filter(({ name }) => !FRAMING.has(name.toLowerCase()))
    .flatMap(({ name, value }) => [name, Buffer.from(value, 'utf8').toString('latin1')]);
  if (!headers.some(({ name }) => name.toLowerCase() === 'host')) raw.push('Host', 'localhost');
  if (bodyBytes > 0) raw.push('Content-Length', String(bodyBytes));
  if (tokenHash !== null) raw.push('cf-aig-authorization', `Bearer ${DESCRIBED_TOKEN}`);
  return raw;
}
