/** Waiting for a program that cannot say by itself when it serves. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const TIMEOUT_MS = 20_000;
const BETWEEN_MS = 20;

/** Resolves once something on loopback accepts connections at `port`; throws after 20 s. */
export async function untilOpen(port: number): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`, { cause: error });
    } finally {
      socket.destroy();
    }
    await delay(BETWEEN_MS);
  }
}
