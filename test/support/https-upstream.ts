/** An https server on loopback that keeps what it was asked, and under which name it was called. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { serverCertificate } from './tls-certificates.js';

export interface HttpsUpstream {
  readonly port: number;
  /** `https://localhost:port` */
  readonly origin: string;
  readonly seen: readonly { readonly serverName: string | false | null; readonly host: string | undefined }[];
  /** connections, whether or not they spoke TLS */
  readonly connections: number;
  readonly open: number;
  close(): Promise<void>;
}

export async function startHttpsUpstream(
  certificate: Parameters<typeof serverCertificate>[0] = 'localhost',
): Promise<HttpsUpstream> {
  const seen: { serverName: string | false | null; host: string | undefined }[] = [];
  let connections = 0;
  let open = 0;
  const server = createServer(serverCertificate(certificate), (request, response) => {
    const { servername } = request.socket as TLSSocket; // an https server has no other sockets
    seen.push({ serverName: servername ?? null, host: request.headers.host });
    request.resume().on('end', () => response.end('{}'));
  });
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    port,
    origin: `https://localhost:${port}`,
    seen,
    get connections() {
      return connections;
    },
    get open() {
      return open;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
