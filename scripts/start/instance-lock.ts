/**
 * One instance per DATA_DIR. The lock is a listening unix socket: the system lets go of it however its holder ends, and
 * a pid that was given to another program since cannot be mistaken for it.
 */
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { errorCode } from '../../platform/error-code.js';
import { socketPath } from '../../platform/socket-path.js';

/** Thrown when another start holds the lock; `holder` is what it says about itself. */
export class AlreadyRunningError extends Error {
  constructor(dataDir: string, holder: string) {
    super(
      `Tollgate already runs on the data in ${dataDir} (${holder}). ` +
        `Stop it first, or start another instance with its own DATA_DIR, API_PORT and PROXY_PORT.`,
    );
    this.name = 'AlreadyRunningError';
  }
}

export interface InstanceLock {
  /** the previous holder was killed: its tiers may still be draining, its services still running */
  readonly wasAbandoned: boolean;
  /** lets go of it */
  stop(): Promise<void>;
}

/** Takes the lock of `dataDir`. `holder` is told to whoever comes second. Throws AlreadyRunningError. */
export async function lockInstance(dataDir: string, holder: string): Promise<InstanceLock> {
  const socket = socketPath(dataDir, 'start.sock');
  const wasAbandoned = existsSync(socket);
  if (wasAbandoned) {
    const other = await holderOf(socket);
    if (other !== null) throw new AlreadyRunningError(dataDir, other);
    rmSync(socket, { force: true });
  }
  const server = createServer((connection) => connection.on('error', () => undefined).end(holder));
  await listenOn(server, socket);
  server.unref();
  return { wasAbandoned, stop: async () => void server.close() };
}

async function listenOn(server: Server, socket: string): Promise<void> {
  const previousMask = process.umask(0o077);
  try {
    server.listen(socket);
    await once(server, 'listening');
  } finally {
    process.umask(previousMask);
  }
}

async function holderOf(socket: string): Promise<string | null> {
  const connection = connect(socket).setTimeout(2_000);
  connection.on('timeout', () => connection.destroy(new Error('no answer')));
  try {
    return await text(connection);
  } catch (error) {
    // Nobody listens: abandoned. A holder that is too busy to answer still holds it.
    return errorCode(error) === 'ECONNREFUSED' ? null : 'it does not answer';
  }
}
