/**
 * The steps by which a connection comes about: a name is looked up, a socket connects, TLS is spoken on it. Each ends
 * with its signal; a socket that a step does not hand on is destroyed by it.
 */
import { connect, isIP, type Socket } from 'node:net';
import type { LookupAddress } from 'node:dns';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** What tests set of TLS; a connection's own name always comes from its URL. */
export type TlsTrust = Pick<ConnectionOptions, 'ca'>;

/** Of the addresses that a name has, how many are tried. */
const ADDRESSES_TRIED_MAX = 8;
/** A route across the world takes 300 ms: none is given up sooner for the sake of the next address. */
const ATTEMPT_MS_MIN = 400;

/** Runs `work` with a signal that is aborted, with the error of `timedOut`, after `timeoutMs`. */
export async function withinTime<T>(
  timeoutMs: number,
  timedOut: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timedOut()), timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** What `promise` comes to, or the signal's reason if that is sooner. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(reasonOf(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * A connection to one of exactly these addresses: nothing is looked up, so nothing can have changed since they were.
 */
export function dialAddresses(
  addresses: readonly LookupAddress[],
  port: number,
  bounds: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Socket> {
  const tried = addresses.slice(0, ADDRESSES_TRIED_MAX);
  const [first] = tried;
  if (first === undefined) return Promise.reject(new Error('no address to dial'));
  if (tried.length === 1) return opened(connect({ host: first.address, port }), 'connect', bounds.signal);
  const socket = connect({
    // The name is never looked up: it only has to be none of the forms that skip `lookup`.
    host: 'checked.invalid',
    port,
    lookup: (_host, _options, callback) => callback(null, tried),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(ATTEMPT_MS_MIN, Math.floor(bounds.timeoutMs / (tried.length + 1))),
  });
  return opened(socket, 'connect', bounds.signal);
}

/** A connection to a host by its name, looked up as the operating system does. */
export function dialHost(hostname: string, port: number, signal: AbortSignal): Promise<Socket> {
  return opened(connect({ host: hostname, port }), 'connect', signal);
}

/** TLS on `socket`, with a certificate for `hostname` and no other name, whoever is at the other end. */
export function secured(socket: Socket, hostname: string, trust: TlsTrust, signal: AbortSignal): Promise<Socket> {
  const secure = connectTls({
    ...trust,
    socket,
    host: hostname,
    // RFC 6066 §3: an address is no server name
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ALPNProtocols: ['http/1.1'],
  });
  return opened(secure, 'secureConnect', signal).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<Socket> {
  socket.setNoDelay(true);
  socket.on('error', ignored); // until its next owner listens, an error must not end the process
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      socket.off(event, onOpen).off('error', settle).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (error === null) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const onOpen = (): void => settle(null);
    const onClose = (): void => settle(Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' }));
    const onAbort = (): void => settle(reasonOf(signal));
    socket.on(event, onOpen).on('error', settle).on('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

const ignored = (): void => undefined;

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}
