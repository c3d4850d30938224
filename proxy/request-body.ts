/**
 * The client's request body: held in memory up to 1 MiB; a larger one is streamed on, with the bytes read so far in
 * front. Counted against the instance's bound as it passes, whatever its header says.
 */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from './gateway-error.js';

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
    };

/** The client went away before its request was whole: nothing was sent upstream, nothing is recorded. */
export class ClientLeft extends Error {
  constructor() {
    super('the client left before its request was complete');
    this.name = 'ClientLeft';
  }
}

const EMPTY = Buffer.alloc(0);

/** Reads the body; throws GatewayError 9004 when it is too large, ClientLeft when it breaks off. */
export function readRequestBody(request: IncomingMessage, bodyBytesMax: number): Promise<RequestBody> {
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] === undefined) {
    return Promise.resolve({ kind: 'held', bytes: EMPTY });
  }
  if (length !== undefined && Number(length) > bodyBytesMax) return Promise.reject(tooLarge(bodyBytesMax));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (result: RequestBody | Error): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= HELD_BYTES_MAX) return;
      request.pause();
      const head = Buffer.concat(chunks);
      settle({ kind: 'streamed', head, stream: restOf(request, head, bodyBytesMax), length: length ?? null });
    };
    const onEnd = (): void =>
      settle({ kind: 'held', bytes: chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks) });
    const onClose = (): void => settle(new ClientLeft());
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

async function* restOf(request: IncomingMessage, head: Buffer, bodyBytesMax: number): AsyncGenerator<Uint8Array> {
  yield head;
  let bytes = head.length;
  const { socket } = request; // a request that was destroyed has lost it
  const onIdle = (): void => void request.destroy();
  socket.setTimeout(IDLE_TIMEOUT_MS, onIdle);
  try {
    // without an encoding set, a request yields buffers
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) throw tooLarge(bodyBytesMax);
      yield chunk;
    }
  } finally {
    socket.setTimeout(0, onIdle); // from here on it is the provider who may take its time
  }
}

function tooLarge(bodyBytesMax: number): GatewayError {
  return new GatewayError('bodyTooLarge', `the request body is larger than ${bodyBytesMax} bytes`);
}
