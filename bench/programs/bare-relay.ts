/**
 * The bare control: the least that a Node pass-through can do. `node:http` in front, undici's `Pool.dispatch` behind,
 * with the proxy's own pool settings; bodies pass as they come, headers less those of the connection.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool, type Dispatcher } from 'undici';

const upstream = process.argv[2] ?? '';
const pool = new Pool(upstream, { connections: 10_000, pipelining: 1, keepAliveTimeout: 20_000, headersTimeout: 0 });
const NOT_FORWARDED = new Set(['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

class Relay implements Dispatcher.DispatchHandler {
  private resume: () => void = () => undefined;

  constructor(private readonly response: ServerResponse) {
    response.on('drain', () => this.resume());
  }

  onConnect(): void {}

  onHeaders(statusCode: number, rawHeaders: Buffer[], resume: () => void): boolean {
    this.resume = resume;
    const headers: string[] = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]?.toString('latin1') ?? '';
      const isOfConnection = name !== 'content-length' && NOT_FORWARDED.has(name.toLowerCase());
      if (!isOfConnection) headers.push(name, rawHeaders[i + 1]?.toString('latin1') ?? '');
    }
    this.response.writeHead(statusCode, headers);
    return true;
  }

  onData(chunk: Buffer): boolean {
    return this.response.write(chunk);
  }

  onComplete(): void {
    this.response.end();
  }

  onError(): void {
    this.response.destroy();
  }
}

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const headers: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    if (!NOT_FORWARDED.has(name.toLowerCase())) headers.push(name, request.rawHeaders[i + 1] ?? '');
  }
  pool.dispatch({ path: request.url ?? '/', method: 'POST', headers, body }, new Relay(response));
}

const server = createServer({ noDelay: true }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () =>
    forward(request, response, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)),
  );
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  process.send?.({ kind: 'ready', port });
});
process.on('disconnect', () => process.exit(0));
