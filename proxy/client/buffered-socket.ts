/**
 * A client's connection that is read into one buffer for all of them, as `net.connect` offers it (`onread`) and a
 * server does not: for each read Node would allocate 64 KiB, shrink it, and make a stream's chunk of it, which costs a
 * twentieth of a request (docs/decisions/0025).
 */
import { Socket, type OnReadOpts, type Server, type SocketConstructorOpts } from 'node:net';

/** A read takes what there is, up to this; every byte is used, or copied, before the next read of any socket. */
const READ_BYTES_MAX = 64 * 1024;
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** Of Node's sockets, as its own server uses them; the same from Node 20 to 24, and kept so by a test. */
interface Internals {
  _handle: object | null;
  _server: Server | null;
}

/**
 * `accepted` anew, with its bytes given to `onRead`, valid until it returns; false: no more, until it is resumed.
 * Nothing but its creation may have been done with `accepted`, which is of no use afterwards.
 */
export function bufferedSocket(accepted: Socket, onRead: (bytes: Buffer) => boolean): Socket {
  const internals = accepted as unknown as Internals; // what they are stands above
  // `handle` is what the server itself gives a socket, `onread` is as for `net.connect`: the type has neither
  const options: SocketConstructorOpts & { handle: object | null; onread: OnReadOpts } = {
    handle: internals._handle,
    allowHalfOpen: true,
    onread: { buffer: sharedBuffer, callback: (count) => onRead(sharedBuffer.subarray(0, count)) },
  };
  const socket = new Socket(options);
  // so that the server knows of its end
  (socket as unknown as Internals)._server = internals._server; // likewise
  internals._handle = null;
  return socket;
}
