/** A TCP proxy in front of a Redis, which a test can make fall silent: it goes on accepting, and never answers. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface RedisForwarder {
  /** `redis://…`, as `createRedis` takes it */
  readonly url: string;
  /** nothing that arrives is passed on any more, in either direction, on any connection */
  fallSilent(): void;
  /** connections that fell silent are closed, later ones work */
  recover(): void;
  /** later connections lead to this Redis; those that are there stay where they are */
  switchTo(url: string): void;
  close(): Promise<void>;
}

/** `url`: of a Redis on a unix socket. */
export async function forwardRedis(url: string): Promise<RedisForwarder> {
  let path = socketOf(url);
  const clients = new Set<Socket>();
  let isSilent = false;
  const server = createServer((client) => {
    clients.add(client);
    const upstream = connect(path);
    const end = (): void => {
      clients.delete(client);
      client.destroy();
      upstream.destroy();
    };
    client.on('error', end).on('close', end);
    upstream.on('error', end).on('close', end);
    client.on('data', (chunk) => void (isSilent || upstream.write(chunk)));
    upstream.on('data', (chunk) => void (isSilent || client.write(chunk)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const closeClients = (): void => {
    for (const client of clients) client.destroy();
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    fallSilent: () => void (isSilent = true),
    recover() {
      isSilent = false;
      closeClients();
    },
    switchTo: (other) => void (path = socketOf(other)),
    async close() {
      closeClients();
      server.close();
      await once(server, 'close');
    },
  };
}

const socketOf = (url: string): string => url.slice('unix://'.length);
