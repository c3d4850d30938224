/** Opens a connection to an origin: TCP, then TLS for https, all within one time limit. */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { closed, notConnectedInTime } from './call-errors.js';
import type { TlsTrust } from '../socket-steps.js';
import type { SocketReader } from './connection.js';

/** A read takes what there is, up to this; every byte is used, or copied, before the next read of any socket. */
const READ_BYTES_MAX = 64 * 1024;
const sharedBuffer = new Uint8Array(READ_BYTES_MAX);

/** So that a peer that vanished without a word is noticed. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** Hears once of a dial. */
export interface DialOutcome {
  onOpened(socket: Socket): void;
  onFailed(error: Error): void;
}

/** Dials one origin, again and again; remembers the last TLS session, which makes the next handshake shorter. */
export class Dialler {
  private session: Buffer | undefined;

  constructor(
    private readonly origin: URL,
    private readonly options: { readonly timeoutMs: number; readonly trust: TlsTrust },
  ) {}

  /**
   * The socket's bytes go to `reader`. What is returned gives up; throws what sockets throw of options that are none.
   */
  dial(reader: SocketReader, outcome: DialOutcome): (error: Error) => void {
    const isTls = this.origin.protocol === 'https:';
    const socket = isTls ? this.dialTls(reader) : this.dialTcp(reader);
    socket.setNoDelay(true).setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      socket.off(opened, onOpened).off('error', settle).off('close', onClosed);
      if (error === null) return outcome.onOpened(socket);
      socket.on('error', ignored).destroy();
      outcome.onFailed(error);
    };
    const opened = isTls ? 'secureConnect' : 'connect';
    const onOpened = (): void => settle(null);
    const onClosed = (): void => settle(closed());
    const timer = setTimeout(() => settle(notConnectedInTime()), this.options.timeoutMs);
    socket.on(opened, onOpened).on('error', settle).on('close', onClosed);
    return settle;
  }

  private dialTcp(reader: SocketReader): Socket {
    const { hostname, port } = this.origin;
    return connect({ host: unbracketed(hostname), port: Number(port) || 80, onread: readInto(reader) });
  }

  private dialTls(reader: SocketReader): Socket {
    const host = unbracketed(this.origin.hostname);
    // `onread` is as for `net.connect`, where its type has it too
    const options: ConnectionOptions & { onread: OnReadOpts } = {
      ...this.options.trust,
      host,
      port: Number(this.origin.port) || 443,
      ...(isIP(host) === 0 ? { servername: host } : {}), // RFC 6066 §3: an address is no server name
      ...(this.session === undefined ? {} : { session: this.session }),
      ALPNProtocols: ['http/1.1'],
      onread: readInto(reader),
    };
    const socket = connectTls(options);
    socket.on('session', (session) => (this.session = session));
    return socket;
  }
}

const readInto = (reader: SocketReader): OnReadOpts => ({
  buffer: sharedBuffer,
  callback: (count, buffer) => reader.onRead(count, buffer),
});

const ignored = (): void => undefined;

/** IPv6 addresses stand in brackets in a URL, and without them everywhere else. */
const unbracketed = (hostname: string): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname);
