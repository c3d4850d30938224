/**
 * How a call of our own client fails: with undici's errors, so that one table (`upstream-errors.ts`) translates both.
 */
import { errors } from 'undici';

/** What came is no HTTP/1.1 answer. */
export const notHttp = (reason: string): Error => new errors.HTTPParserError(reason);

/** An answer that was not asked for, or asks for another protocol. */
export const outOfPlace = (): Error => new errors.SocketError('bad response');

/** The server ended the connection in the middle of something. */
export const closedByServer = (): Error => new errors.SocketError('other side closed');

/** The connection is no more. */
export const closed = (): Error => new errors.SocketError('closed');

export const headTooLarge = (): Error => new errors.HeadersOverflowError();

/** Silence in the middle of an answer. */
export const fellSilent = (): Error => new errors.BodyTimeoutError();

export const notConnectedInTime = (): Error => new errors.ConnectTimeoutError();

/** The pool is no more. */
export const poolDestroyed = (): Error => new errors.ClientDestroyedError();

/** The call has something in it that HTTP cannot carry. */
export const unsendable = (what: string): Error => new errors.InvalidArgumentError(`invalid ${what}`);
