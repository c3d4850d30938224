/**
 * The client's request body: held in memory up to 1 MiB; a larger one is streamed on, with the bytes read so far in
 * front. Counted against the instance's bound as it passes, whatever its header says.
 */
import { IncomingMessage } from 'node:http';
import type { ClientRequest } from './client/client-exchange.js';
import { PlainRequest } from './client/plain-request.js';
import { sayContinue } from './expect-continue.js';
import { GatewayError } from './gateway-error.js';
import type { BodyHold } from './held-bodies.js';
import { HELD_BYTES_MAX, type RequestBounds } from './request-bounds.js';
import type { ProxyStatistics } from './telemetry/statistics.js';

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

/** The client went away before its request was whole. */
export class ClientLeft extends Error {
  constructor() {
    super('the client left before its request was complete');
    this.name = 'ClientLeft';
  }
}

const EMPTY = Buffer.alloc(0);

export interface RequestBodyDeps {
  /** beyond: 9004 */
  readonly bodyBytesMax: number;
  readonly bounds: RequestBounds;
  readonly statistics: ProxyStatistics;
}

/**
 * Reads the body. With a `hold` none is streamed: the whole of it is needed, within the hold's own bounds. Throws
 * GatewayError 9004 when it is too large, 9006 when the hold has no room, 9002 when the body falls silent, ClientLeft
 * when it breaks off; so does the stream of a large one.
 */
export function readRequestBody(
  deps: RequestBodyDeps,
  request: ClientRequest,
  hold: BodyHold | null = null,
): RequestBody | Promise<RequestBody> {
  if (request instanceof PlainRequest) return readPlainBody(deps, request, hold);
  if (request instanceof IncomingMessage) return readStreamBody(deps, request, hold);
  throw new Error('a request that is neither plain nor of Node has no body to read');
}

/** The body of a plain request: none is so large that it would be streamed. */
function readPlainBody(
  deps: RequestBodyDeps,
  request: PlainRequest,
  hold: BodyHold | null,
): RequestBody | Promise<RequestBody> {
  const bodyBytesMax = hold === null ? deps.bodyBytesMax : Math.min(hold.bytesMax, deps.bodyBytesMax);
  if (request.bodyBytes > bodyBytesMax) return Promise.reject(tooLarge(bodyBytesMax));
  // Room is taken by what has come, not by what was announced.
  const refusal = hold === null ? null : hold.take(request.arrivedBytes);
  if (refusal !== null) return Promise.reject(refusal);
  if (request.complete) return { kind: 'held', bytes: request.whole() };
  if (request.isCut) return Promise.reject(new ClientLeft());
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      request.unlisten();
      if (error === null) resolve({ kind: 'held', bytes: request.whole() });
      else reject(error);
    };
    const timer = setTimeout(() => settle(fellSilent(deps)), deps.bounds.uploadIdleMs);
    request.listen({
      onChunk: (bytes) => {
        timer.refresh();
        const full = hold === null ? null : hold.take(bytes);
        if (full !== null) settle(full);
      },
      onWhole: () => settle(null),
      onLeft: () => settle(new ClientLeft()),
    });
  });
}

function readStreamBody(
  deps: RequestBodyDeps,
  request: IncomingMessage,
  hold: BodyHold | null,
): RequestBody | Promise<RequestBody> {
  const bodyBytesMax = hold === null ? deps.bodyBytesMax : Math.min(hold.bytesMax, deps.bodyBytesMax);
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] === undefined) {
    return { kind: 'held', bytes: EMPTY };
  }
  if (length !== undefined && Number(length) > bodyBytesMax) return Promise.reject(tooLarge(bodyBytesMax));
  if (request.destroyed) return Promise.reject(new ClientLeft()); // 'close' is not said again
  sayContinue(request);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // Nearly every body is here when it is asked for, and needs no timer.
    const timer = request.complete ? null : setTimeout(() => settle(fellSilent(deps)), deps.bounds.uploadIdleMs);
    const settle = (result: RequestBody | Error): undefined => {
      if (timer !== null) clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (result instanceof Error) reject(result);
      else resolve(result);
      return undefined;
    };
    const settleIf = (refusal: GatewayError | null): undefined => (refusal === null ? undefined : settle(refusal));
    const onData = (chunk: Buffer): undefined => {
      timer?.refresh();
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return settle(tooLarge(bodyBytesMax));
      if (hold !== null) return settleIf(hold.take(chunk.length));
      if (bytes <= HELD_BYTES_MAX) return undefined;
      request.pause();
      const head = Buffer.concat(chunks);
      const passed = { bytes: head.length };
      const stream = restOf(deps, request, { head, passed });
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
}

async function* restOf(
  deps: RequestBodyDeps,
  request: IncomingMessage,
  { head, passed }: Streamed,
): AsyncGenerator<Uint8Array> {
  yield head;
  // A provider may answer before it has read everything, and the client shall get that answer: the request's socket is
  // the response's too, so nothing here may close it.
  const rest: AsyncIterator<Buffer, undefined> = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await withinIdle(deps, rest.next());
      if (next.done === true) return;
      passed.bytes += next.value.length;
      if (passed.bytes > deps.bodyBytesMax) throw tooLarge(deps.bodyBytesMax);
      yield next.value;
    }
  } finally {
    // What is left of a body that nobody wants is read and dropped: unread, it would stand before the connection's next
    // request. Nobody waits for it here: a client that has fallen silent would let nobody go on.
    const resume = (): void => void request.resume();
    rest.return?.().then(resume, resume);
  }
}

/** The client's next chunk. Only its own silence counts: while the provider does not read, nobody waits here. */
function withinIdle<T>(deps: RequestBodyDeps, next: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(fellSilent(deps)), deps.bounds.uploadIdleMs);
    next.then(resolve, () => reject(new ClientLeft())).finally(() => clearTimeout(timer));
  });
}

function fellSilent({ bounds, statistics }: RequestBodyDeps): GatewayError {
  statistics.silentUploads += 1;
  return new GatewayError('badRequest', `the request body fell silent for ${bounds.uploadIdleMs} ms before its end`);
}

function tooLarge(bodyBytesMax: number): GatewayError {
  return new GatewayError('bodyTooLarge', `the request body is larger than ${bodyBytesMax} bytes`);
}
