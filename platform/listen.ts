/** Ports: taking one, with an error that says which is taken and how to choose another. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { errorCode, errorMessage } from './error-code.js';

export interface ListenAddress {
  readonly host: string;
  /** 0: the system chooses */
  readonly port: number;
  /** who listens, as people call it (`api`, `proxy`) */
  readonly name: string;
  /** the environment variable that chooses another port */
  readonly variable: string;
}

/** Thrown when a port cannot be had; its message is for the person at the terminal. */
export class PortError extends Error {
  constructor(address: ListenAddress, cause: unknown) {
    super(`The ${address.name} cannot listen on ${address.host}:${address.port}: ${reasonOf(cause)}`, { cause });
    this.name = 'PortError';
    this.message += ` Choose another port with ${address.variable}, for instance ${address.variable}=${suggest(address)}.`;
  }
}

/** Listens and resolves with the real port. Throws PortError. Takes any server: net, http, https. */
export async function listen(server: Server, address: ListenAddress): Promise<number> {
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    throw new PortError(address, error);
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error(`${address.name} has no port`);
  return bound.port;
}

/** Throws PortError when the port is taken now; takes nothing. */
export async function requireFreePort(address: ListenAddress): Promise<void> {
  const server = createServer();
  await listen(server, address);
  server.close();
  await once(server, 'close');
}

/** A port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'embedded service', variable: 'none' });
  server.close();
  await once(server, 'close');
  return port;
}

function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EADDRINUSE') return 'another program has that port.';
  if (code === 'EACCES') return 'this user may not take that port.';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address.';
  return `${errorMessage(error)}.`;
}

const suggest = ({ port }: ListenAddress): number => (port < 1024 ? port + 8000 : port < 65_000 ? port + 1 : port - 1);
