/** A cached answer in the place of a provider's: the relay takes it as it takes any other. */
import type { Arrival, Forwarded, LookedUp, OpenAttempt } from '../exchange.js';
import type { AnswerSink, UpstreamAnswer } from '../upstream/upstream-exchange.js';
import type { CachedAnswer } from './cached-answer.js';

/** Of a large answer: the client's time runs while it does not take the next one, as with a provider's. */
const PIECE_BYTES = 64 * 1024;

class ReplayedAnswer implements UpstreamAnswer {
  readonly statusCode = 200;
  /** the relay adds to them */
  readonly headers: string[];
  private sink: AnswerSink | null = null;
  private sentBytes = 0;

  constructor(private readonly cached: CachedAnswer) {
    const { body, headers } = cached;
    // In one piece it is the relay that tells its length.
    this.headers = body.length <= PIECE_BYTES ? [...headers] : [...headers, 'content-length', String(body.length)];
  }

  attach(sink: AnswerSink): void {
    this.sink = sink;
    this.resume();
  }

  /** Goes on until the client has enough for now. */
  resume(): void {
    const { sink, cached } = this;
    let isTaken = true;
    while (this.sink !== null && isTaken) {
      const piece = cached.body.subarray(this.sentBytes, this.sentBytes + PIECE_BYTES);
      this.sentBytes += piece.length;
      isTaken = sink?.data(piece) === true;
      if (this.sentBytes < cached.body.length) continue;
      this.sink = null;
      sink?.end();
    }
  }

  cancel(): void {
    this.sink = null;
  }
}

/** Whether the cache has the answer: nothing goes upstream then. */
export const isHit = (cache: LookedUp | null): boolean => cache !== null && cache.hit !== null;

/** A hit in the place of what a provider would have answered, with an attempt that nobody made and no record lists. */
export function replay(arrival: Arrival, cache: LookedUp | null): Forwarded | null {
  if (cache === null || cache.hit === null) return null;
  const attempt: OpenAttempt = { number: 1, step: 0, startedAtMs: Date.now(), statusCode: 200, errorCode: null };
  if (arrival.response.destroyed) return { kind: 'client-left', wasSent: false, attempt };
  return { kind: 'answered', answer: new ReplayedAnswer(cache.hit), attempt };
}
