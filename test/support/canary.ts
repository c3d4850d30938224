/** A listener that nobody may connect to: it counts who does. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface Canary {
  readonly port: number;
  readonly connects: number;
  close(): Promise<void>;
}

export async function startCanary(at: { readonly host?: string; readonly port?: number } = {}): Promise<Canary> {
  let connects = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connects += 1;
    sockets.add(socket);
    socket
      .on('error', () => undefined)
      .resume()
      .end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary');
  });
  server.listen(at.port ?? 0, at.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    port,
    get connects() {
      return connects;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
