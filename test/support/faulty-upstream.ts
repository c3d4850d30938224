/**
 * A provider that breaks every rule on purpose: a bare TCP (and TLS) server, on which a test says byte by byte what a
 * connection answers. It counts its connections, so that a test can tell what the caller left open.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.js';

/** One request on a connection, and what is said to it. */
export interface Peer {
  readonly socket: Socket;
  /** whether the connection has carried a request before */
  readonly isReused: boolean;
  /** whether the client asked for a stream */
  readonly isStream: boolean;
  readonly body: string;
  /** the body that the client ought to see, as far as it is not the good one */
  meant: Buffer | null;
}

export interface Play {
  /** instead of reading anything from a new connection */
  readonly connect?: (socket: Socket) => void;
  /** the certificate of `test/fixtures/tls` that a TLS connection is shown; null: no TLS is spoken at all */
  readonly certificate?: 'localhost' | 'other-host' | 'expired' | 'self-signed' | null;
  /** as soon as a whole request is there */
  readonly request?: (peer: Peer) => void;
}

export interface FaultyUpstream {
  readonly origin: string;
  /** the same over TLS, by the name `localhost` */
  readonly secureOrigin: string;
  play: Play;
  /** whole requests that arrived */
  requests: number;
  /** the last of them */
  lastPeer: Peer | null;
  /** connections that are open now */
  readonly openSockets: number;
  /** connections that were ever made */
  readonly connections: number;
  /** closes all connections and takes no more until `comeBack` */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** PEM of the authority that signed the certificates. */
export const TEST_AUTHORITY = readFileSync(fixture('authority.pem'), 'utf8');

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url)); // from dist/test/support
}

export async function startFaultyUpstream(): Promise<FaultyUpstream> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const upstream: FaultyUpstream = {
    origin: '',
    secureOrigin: '',
    play: {},
    requests: 0,
    lastPeer: null,
    get openSockets() {
      return sockets.size;
    },
    get connections() {
      return connections;
    },
    goAway: async () => void (await closeAll(plain)),
    comeBack: async () => void (await listenOn(plain, port)),
    close: async () => void (await Promise.all([closeAll(plain), closeAll(secure)])),
  };

  const onSocket = (socket: Socket, isSecure: boolean): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined); // whoever breaks it, a test meant to
    const { connect, certificate = 'localhost' } = upstream.play;
    if (connect !== undefined) connect(socket);
    else if (!isSecure) serve(socket);
    else if (certificate === null) socket.resume();
    else serve(secured(socket, certificate).on('error', () => undefined));
  };
  const plain = createServer((socket) => onSocket(socket, false));
  const secure = createServer((socket) => onSocket(socket, true));

  /** Splits what comes in into requests; bodies have a length. */
  function serve(socket: Socket): void {
    let text = '';
    let isReused = false;
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let end = endOfRequest(text); end !== -1 && end <= text.length; end = endOfRequest(text)) {
        const body = text.slice(text.indexOf('\r\n\r\n') + 4, end);
        text = text.slice(end);
        upstream.requests += 1;
        const isStream = body.includes('"stream":true');
        upstream.lastPeer = { socket, isReused, isStream, body, meant: null };
        upstream.play.request?.(upstream.lastPeer);
        isReused = true;
      }
    });
  }

  async function closeAll(server: Server): Promise<void> {
    const closed = server.listening ? once(server.close(), 'close') : null;
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  const port = await listenOn(plain, 0);
  const securePort = await listenOn(secure, 0);
  return Object.defineProperties(upstream, {
    origin: { value: `http://127.0.0.1:${port}` },
    secureOrigin: { value: `https://localhost:${securePort}` },
  });
}

async function listenOn(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // a TCP server that listens has one
}

/** The server's side of TLS upon a connection. */
function secured(socket: Socket, certificate: string): TLSSocket {
  const secureContext = createSecureContext({
    key: readFileSync(fixture('server.key')),
    cert: readFileSync(fixture(`${certificate}.pem`)),
  });
  return new TLSSocket(socket, { isServer: true, secureContext });
}

/** Where the first request in `text` ends; -1 as long as its head does not. */
function endOfRequest(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return -1;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? '0';
  return headEnd + 4 + Number(length);
}

/** Waits until no more than `socketsMax` connections to the upstream are open. */
export async function waitForSockets(upstream: FaultyUpstream, socketsMax: number): Promise<void> {
  await waitFor(() => upstream.openSockets <= socketsMax, `at most ${socketsMax} connections stay open`);
}
