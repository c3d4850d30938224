/**
 * Connects a client of Redis as ioredis does by itself, but for how the socket is read: into one buffer for all of
 * them, as `net.connect` offers it (`onread`). For each read Node would allocate 64 KiB, shrink it, and make a stream's
 * chunk of it.
 */
import { connect, type NetConnectOpts, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';

/** A read takes what there is, up to this; every byte is copied before the next read of any socket. */
const READ_BYTES_MAX = 64 * 1024;
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** Of one server: the option `Connector` of ioredis (5.11). */
export class BufferedConnector extends AbstractConnector {
  private readonly options: RedisOptions;

  constructor(given: unknown) {
    const options = given as RedisOptions; // those of the client, its defaults among them
    super(options.disconnectTimeout ?? 0);
    this.options = options;
  }

  /** Rejects when it was disconnected meanwhile; throws what sockets throw of options that are none. */
  override connect(): Promise<Socket> {
    this.connecting = true;
    return new Promise((resolve, reject) => {
      // Later: whoever makes a client may still disconnect it, or listen.
      process.nextTick(() => {
        if (!this.connecting) return reject(new Error('Connection is closed.'));
        try {
          this.stream = this.dial();
        } catch (error) {
          return reject(error instanceof Error ? error : new Error('a socket could not be made', { cause: error }));
        }
        return resolve(this.stream);
      });
    });
  }

  private dial(): Socket {
    const { path, host = 'localhost', port = 6_379, family = 0, tls } = this.options;
    // What the client keeps of a reply are views of what it is given.
    const onread: OnReadOpts = {
      buffer: sharedBuffer,
      callback: (count) => {
        socket.emit('data', Buffer.from(sharedBuffer.subarray(0, count)));
        return true;
      },
    };
    const at: NetConnectOpts = path === undefined ? { host, port, family, onread } : { path, onread };
    const socket: Socket = tls === undefined ? connect(at) : connectTls({ ...at, ...tls });
    socket.once('error', (error) => (this.firstError = error));
    return socket;
  }
}
