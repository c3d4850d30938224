/**
 * The gateway's reading of connections with nothing behind it: a request that the guard lets pass is told back as it
 * was understood. With `isPlain: false` it is Node's server alone, against which the plain reading is held.
 */
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { listen } from '../../platform/listen.js';
import { ClientConnections, type Serve } from '../../proxy/client/client-connections.js';
import type { ClientRequest, ClientResponse } from '../../proxy/client/client-exchange.js';
import { isEnding } from '../../proxy/connection-end.js';
import { GatewayError } from '../../proxy/gateway-error.js';
import { REQUEST_BOUNDS } from '../../proxy/request-bounds.js';
import { answerMalformed } from '../../proxy/malformed-requests.js';
import { sendError } from '../../proxy/own-headers.js';
import { ClientLeft, readRequestBody } from '../../proxy/request-body.js';
import { checkHead } from '../../proxy/request-head.js';
import { createBoundedServer, createExpressApp } from '../../proxy/server.js';
import { ProxyStatistics } from '../../proxy/telemetry/statistics.js';

/** What a request was understood to be. */
export interface Understood {
  readonly method: string;
  readonly url: string;
  /** names and values in turn */
  readonly headers: readonly string[];
  /** as latin1 */
  readonly body: string;
}

export interface EchoServer {
  readonly port: number;
  readonly server: Server;
  /** null: Node's server reads alone */
  readonly connections: ClientConnections | null;
  readonly seen: Understood[];
  close(): void;
}

export interface EchoOptions {
  readonly isPlain: boolean;
  /** in place of the echo */
  readonly serve?: Serve;
}

export async function startEchoServer({ isPlain, serve }: EchoOptions): Promise<EchoServer> {
  const seen: Understood[] = [];
  const take: Serve = serve ?? ((request, response) => void echo(seen, request, response));
  const server = createBoundedServer(createExpressApp(), (request, response) => {
    take(request, response);
    return true;
  });
  answerMalformed(server, () => undefined);
  const connections = isPlain ? new ClientConnections(server, take) : null;
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'echo', variable: 'none' });
  const close = (): void => {
    server.close();
    server.closeAllConnections();
    connections?.close();
  };
  return { port, server, connections, seen, close };
}

async function echo(seen: Understood[], request: ClientRequest, response: ClientResponse): Promise<void> {
  if (isEnding(request.socket)) return;
  try {
    checkHead(request, 'tollgate-none');
    const deps = { bodyBytesMax: 1024 * 1024, bounds: REQUEST_BOUNDS, statistics: new ProxyStatistics() };
    const body = await readRequestBody(deps, request);
    const text = body.kind === 'held' ? body.bytes.toString('latin1') : 'streamed';
    const understood = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.rawHeaders,
      body: text,
    };
    seen.push(understood);
    const answer = JSON.stringify(understood);
    response.writeHead(200, ['content-length', String(Buffer.byteLength(answer))]);
    response.end(answer);
  } catch (error) {
    if (error instanceof ClientLeft) return;
    if (!(error instanceof GatewayError)) throw error;
    sendError(response, error, [], { close: true });
  }
}

/** A client that writes bytes and keeps what comes back, as latin1. */
export class RawClient {
  readonly socket: Socket;
  text = '';
  /** the server has ended its side, or the connection is gone */
  isOver = false;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    const over = (): void => void (this.isOver = true);
    this.socket.on('end', over).on('close', over).on('error', over);
  }

  get answers(): Answer[] {
    return answersIn(this.text);
  }

  write(bytes: string): this {
    this.socket.write(bytes, 'latin1');
    return this;
  }

  /** Writes pieces, each of which the server has before the next one goes. */
  async writeApart(pieces: readonly string[], server: EchoServer['server']): Promise<void> {
    for (const piece of pieces) {
      await new Promise((resolve) => this.socket.write(piece, 'latin1', resolve));
      // A round trip over another connection of the same event loop: what was sent before it has been read by then.
      await new Promise<void>((resolve) => server.getConnections(() => setImmediate(resolve)));
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** The whole answers at the front of `text`; one without a length and without chunks reaches to the end. */
export function answersIn(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < text.length;) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) break;
    const head = text.slice(at, headEnd);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no answer: ${JSON.stringify(head.slice(0, 80))}`);
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(head);
    const [body, end] = isChunked ? chunksAt(text, headEnd + 4) : lengthAt(text, head, { at: headEnd + 4, status });
    if (end > text.length) break;
    answers.push({ status, head, body });
    at = end;
  }
  return answers;
}

function lengthAt(text: string, head: string, { at, status }: { at: number; status: number }): [string, number] {
  const hasBody = status >= 200 && status !== 204 && status !== 304;
  const length = hasBody ? Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? text.length - at) : 0;
  return [text.slice(at, at + length), at + length];
}

function chunksAt(text: string, start: number): [string, number] {
  let body = '';
  for (let at = start; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return [body, Infinity];
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) return [body, lineEnd + 4];
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
