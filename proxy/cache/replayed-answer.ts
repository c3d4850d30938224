/** A cached answer in the place of a provider's: the relay takes it as it takes any other. */
import type { AnswerSink, UpstreamAnswer } from '../upstream/upstream-exchange.js';
import type { CachedAnswer } from './cached-answer.js';

export class ReplayedAnswer implements UpstreamAnswer {
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
