/**
 * The client's request body: held in memory up to 1 MiB; a larger one is streamed on, with the bytes read so far in
 * front. Counted against the instance's bound as it passes, whatever its header says.
 */
import type { IncomingMessage } from 'node:http';
import { sayContinue } from './expect-continue.js';
import { GatewayError } from './gateway-error.js';
import type { BodyHold } from './held-bodies.js';
import { CONNECTION_IDLE_TIMEOUT_MS } from './limits.js';

/** What is held: enough for every chat request; a larger body is never cached or retried. */
const HELD_BYTES_MAX = 1024 * 1024;
/** How long a client may be silent in the middle of its body. */
const IDLE_TIMEOUT_MS = 30_000;

export type RequestBody =
  | { readonly kind: 'held'; readonly bytes: Buffer }
  | {
      readonly kind: 'streamed';
      readonly head: Buffer;
      readonly stream: AsyncIterable<Uint8Array>;
      readonly length: string | null;
      /** grows as the body passes */
      readonly passed: { readonly bytes: number };
    };

/** The client went away before its request was whole: nothing was sent upstream, nothing is recorded. */
export class ClientLeft extends Error {
  constructor() {
    super('the client left before its request was complete');
    this.name = 'ClientLeft';
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads the body. With a `hold` none is streamed: the whole of it is needed, within the hold's own bounds. Throws
 * GatewayError 9004 when it is too large, 9006 when the hold has no room, ClientLeft when it breaks off.
 */
export function readRequestBody(
  request: IncomingMessage,
  instanceBytesMax: number,
  hold: BodyHold | null = null,
): Promise<RequestBody> {
  const bodyBytesMax = hold === null ? instanceBytesMax : Math.min(hold.bytesMax, instanceBytesMax);
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] === undefined) {
    return Promise.resolve({ kind: 'held', bytes: EMPTY });
  }
  if (length !== undefined && Number(length) > bodyBytesMax) return Promise.reject(tooLarge(bodyBytesMax));
  if (request.destroyed) return Promise.reject(new ClientLeft()); // 'close' is not said again
  sayContinue(request);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (result: RequestBody | Error): undefined => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (result instanceof Error) reject(result);
      else resolve(result);
      return undefined;
    };
    const settleIf = (refusal: GatewayError | null): undefined => (refusal === null ? undefined : settle(refusal));
    const onData = (chunk: Buffer): undefined => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return settle(tooLarge(bodyBytesMax));
      if (hold !== null) return settleIf(hold.take(chunk.length));
      if (bytes <= HELD_BYTES_MAX) return undefined;
      request.pause();
      const head = Buffer.concat(chunks);
      const passed = { bytes: head.length };
      const stream = restOf(request, { head, passed, bodyBytesMax });
      return settle({ kind: 'streamed', head, stream, length: length ?? null, passed });
    };
    const onEnd = (): void =>
      settle({ kind: 'held', bytes: chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks) });
    const onClose = (): void => settle(new ClientLeft());
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

interface Streamed {
  readonly head: Buffer;
  readonly passed: { bytes: number };
  readonly bodyBytesMax: number;
}

async function* restOf(request: IncomingMessage, { head, passed, bodyBytesMax }: Streamed): AsyncGenerator<Uint8Array> {
  yield head;
  const leave = (): void => void request.destroy();
  request.setTimeout(IDLE_TIMEOUT_MS).on('timeout', leave);
  try {
    // A provider may answer before it has read everything, and the client shall get that answer: the request's socket
    // is the response's too, so nothing here may close it.
    const rest: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
    for await (const chunk of rest) {
      passed.bytes += chunk.length;
      if (passed.bytes > bodyBytesMax) throw tooLarge(bodyBytesMax);
      yield chunk;
    }
  } finally {
    // From here on silence is the provider's, who may think for longer than a client may hesitate. What is left of a body
    // that nobody wants is read and dropped: unread, it would stand before the connection's next request.
    request.off('timeout', leave).setTimeout(CONNECTION_IDLE_TIMEOUT_MS).resume();
  }
}

function tooLarge(bodyBytesMax: number): GatewayError {
  return new GatewayError('bodyTooLarge', `the request body is larger than ${bodyBytesMax} bytes`);
}
