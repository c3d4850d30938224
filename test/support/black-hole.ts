/**
 * An address that answers no attempt to connect, on this machine: a server that never accepts, whose queue of waiting
 * connections is full. Linux drops every further attempt without a word (listen(2), `tcp_abort_on_overflow` off).
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Its thread sleeps for ever, so that nothing is accepted. */
const LISTENER = `
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer().listen({ ...workerData, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });`;
/** What a queue of one takes in: Linux lets it exceed its length by one. */
const QUEUED = 2;

export interface BlackHole {
  readonly origin: string;
  close(): Promise<void>;
}

export async function openBlackHole(at: { readonly host?: string; readonly port?: number } = {}): Promise<BlackHole> {
  const { host = '127.0.0.1', port: wanted = 0 } = at;
  const worker = new Worker(LISTENER, { eval: true, workerData: { host, port: wanted } });
  const [port] = (await once(worker, 'message')) as [number];
  worker.unref(); // a test that fails before it closes the hole shall end all the same
  const queued: Socket[] = [];
  for (let i = 0; i < QUEUED; i++) {
    const socket = connect(port, host).on('error', () => undefined); // they are reset when the listener ends
    queued.push(socket);
    await once(socket, 'connect');
  }
  return {
    origin: `http://${host}:${port}`,
    async close() {
      for (const socket of queued) socket.destroy();
      await worker.terminate();
    },
  };
}
