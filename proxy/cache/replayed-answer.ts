/** A cached answer in the place of a provider's: the relay takes it as it takes any other. */
import type { Arrival, Forwarded, LookedUp, OpenAttempt } from '../exchange.js';
import type { AnswerSink, UpstreamAnswer } from '../upstream/upstream-exchange.js';
import type { CachedAnswer } from './cached-answer.js';

class ReplayedAnswer implements UpstreamAnswer {
  readonly statusCode = 200;
  /** the relay adds to them */
  readonly headers: string[];

  constructor(private readonly cached: CachedAnswer) {
    this.headers = [...cached.headers];
  }

  /** All of it at once: the bytes are in memory anyway, and stay there however slowly the client reads. */
  attach(sink: AnswerSink): void {
    sink.data(this.cached.body);
    sink.end();
  }

  resume(): void {} // nothing waits

  cancel(): void {} // nothing runs
}

/** A hit in the place of what a provider would have answered, with an attempt that nobody made and no record lists. */
export function replay(arrival: Arrival, cache: LookedUp | null): Forwarded | null {
  if (cache === null || cache.hit === null) return null;
  const attempt: OpenAttempt = { number: 1, step: 0, startedAtMs: Date.now(), statusCode: 200, errorCode: null };
  if (arrival.response.destroyed) return { kind: 'client-left', wasSent: false, attempt };
  return { kind: 'answered', answer: new ReplayedAnswer(cache.hit), attempt };
}
