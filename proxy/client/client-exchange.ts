/**
 * A client's request and the answer to it, as the pipeline sees them: what Node's `IncomingMessage` and
 * `ServerResponse` have in common with the plain ones of this folder, which carry nearly all traffic.
 */
import type { Socket } from 'node:net';
import type { HeadReading } from '../head-reading.js';

export interface ClientRequest {
  readonly method?: string | undefined;
  /** the target as it stood on the wire */
  readonly url?: string | undefined;
  /** names and values in turn, as they stood on the wire */
  readonly rawHeaders: readonly string[];
  /** of a head that its connection may say again; undefined: of no other */
  readonly reading?: HeadReading | undefined;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly socket: Socket;
  /** whether all of its body has arrived */
  readonly complete: boolean;
}

export type ResponseEvent = 'close' | 'drain' | 'error' | 'timeout';

/** One answer. It is over, and says `close`, when its last byte is with the system or its connection is gone. */
export interface ClientResponse {
  readonly req: ClientRequest;
  readonly socket: Socket | null;
  readonly headersSent: boolean;
  /** its connection is gone */
  readonly destroyed: boolean;
  /** `close` has been said */
  readonly closed: boolean;
  /** bytes that the client's socket has not taken yet */
  readonly writableLength: number;
  /** `headers`: names and values in turn, checked already */
  writeHead(statusCode: number, headers: string[]): unknown;
  /**
   * The same with headers behind them that are text already, each with the end of its line; absent: they have to be a
   * list.
   */
  writeHeadWith?(statusCode: number, headers: readonly string[], lines: string): unknown;
  flushHeaders(): void;
  /** false: the client's socket is full, and `drain` will be said */
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): unknown;
  /** cuts the connection */
  destroy(): unknown;
  on(event: ResponseEvent, listener: () => void): this;
  once(event: ResponseEvent, listener: () => void): this;
  off(event: ResponseEvent, listener: () => void): this;
}
