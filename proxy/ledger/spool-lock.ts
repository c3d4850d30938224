/**
 * One owner for each spool: an abstract unix socket named by the spool's id. The kernel lets one process listen on it,
 * and frees it when that process is gone, however it went. Such names belong to a network namespace: containers must
 * not share a folder of spools (docs/ledger.md).
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { errorCode } from '../../platform/error-code.js';

export interface SpoolLock {
  release(): Promise<void>;
}

/** Null: another process has it. */
export async function lockSpool(spoolId: string): Promise<SpoolLock | null> {
  const server = createServer((socket) => socket.destroy());
  server.unref(); // a lock is no reason to go on living
  try {
    // exclusive: the workers of a cluster would share it otherwise, and each believe that it is the one
    server.listen({ path: `\0tollgate-spool-${spoolId}`, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return null;
    throw error;
  }
  return { release: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  const isClosed = once(server, 'close');
  server.close();
  await isClosed;
}
