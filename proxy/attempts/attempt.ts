/**
 * One attempt: an upstream call up to the head of its answer, until the client leaves, or until the time is up. All
 * three are outcomes, not exceptions: each of them is recorded.
 */
import { addedSecrets, holdsOwnSecret, withoutEchoes } from '../credentials/sent-secrets.js';
import type { Asking, AttemptNotes, Forwarded, OpenAttempt, UpstreamCall } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { ATTEMPTS_MS_MAX } from '../request-bounds.js';
import { ClientLeft } from '../request-body.js';
import type { Dispatchers } from '../upstream/dispatchers.js';
import { upstreamError } from '../upstream/upstream-errors.js';
import { UpstreamExchange, type ExchangeOwner, type UpstreamAnswer } from '../upstream/upstream-exchange.js';
import type { CircuitBreakers } from './circuit-breakers.js';
import type { Deadline, Deadlines, Timed } from './deadlines.js';

export interface AttemptDeps {
  readonly dispatchers: Dispatchers;
  readonly breakers: Pick<CircuitBreakers, 'hear' | 'isOpen'>;
  readonly deadlines: Pick<Deadlines, 'set'>;
}

/** @param begun what is known of it: all but what it comes to */
export function attempt(
  deps: AttemptDeps,
  arrival: Asking,
  call: UpstreamCall,
  begun: OpenAttempt,
): Promise<Forwarded> {
  return new Promise((resolve) => new Attempt(deps, arrival, call, { begun, resolve }).start());
}

interface Begun {
  readonly begun: OpenAttempt;
  resolve(forwarded: Forwarded): void;
}

/** One object hears of all that may end it: a closure for each of them would be made again for every request. */
class Attempt implements ExchangeOwner, Timed {
  private readonly exchange = new UpstreamExchange(this);
  private readonly timeoutMs: number;
  private deadline: Deadline | null = null;
  private uploadedBytes = 0;

  constructor(
    private readonly deps: AttemptDeps,
    private readonly arrival: Asking,
    private readonly call: UpstreamCall,
    private readonly made: Begun,
  ) {
    this.timeoutMs = timeLimit(arrival, call, made.begun);
  }

  start(): void {
    const { deps, arrival, call, exchange } = this;
    if (arrival.response.destroyed) return this.onClientLeft();
    this.deadline = deps.deadlines.set(this.timeoutMs, this);
    arrival.response.on('close', this.onClientLeft);
    try {
      deps.dispatchers.send(call.destination, call, exchange);
    } catch (error) {
      exchange.onError(error instanceof Error ? error : new Error('dispatch failed', { cause: error }));
    }
    return undefined;
  }

  onAnswer(answer: UpstreamAnswer): void {
    const { call, arrival, exchange } = this;
    if (holdsOwnSecret(call)) exchange.headers = withoutEchoes(answer.headers, addedSecrets(call, arrival));
    this.settle({ kind: 'answered', answer, attempt: endedAttempt(this.made.begun, answer.statusCode, null) });
  }

  onFailure(cause: unknown): void {
    if (cause instanceof ClientLeft) return this.onClientLeft();
    const error = upstreamError(cause);
    const { wasSent } = this.exchange;
    const attempt = endedAttempt(this.made.begun, null, error.definition.code);
    return this.settle({ kind: 'failed', error, wasSent, attempt });
  }

  onTime(): void {
    const { call, timeoutMs } = this;
    // As long as a large upload moves, it is the client's time that passes, not the provider's.
    if (call.streamed !== null && call.streamed.bytes > this.uploadedBytes) {
      this.uploadedBytes = call.streamed.bytes;
      this.deadline = this.deps.deadlines.set(timeoutMs, this);
      return;
    }
    this.onFailure(new GatewayError('upstreamTimedOut', `the provider sent no answer within ${timeoutMs} ms`));
    this.exchange.cancel();
  }

  private readonly onClientLeft = (): void => {
    const { wasSent } = this.exchange;
    this.exchange.cancel();
    this.settle({ kind: 'client-left', wasSent, attempt: this.made.begun });
  };

  private settle(forwarded: Forwarded): void {
    this.deadline?.clear();
    this.arrival.response.off('close', this.onClientLeft);
    this.deps.breakers.hear(this.call, forwarded);
    this.made.resolve(forwarded);
  }
}

/** An attempt that is not the first has what the ones before it left over. */
function timeLimit(arrival: Asking, call: UpstreamCall, { number, startedAtMs }: OpenAttempt): number {
  if (number === 1) return call.timeoutMs;
  return Math.max(1, Math.min(call.timeoutMs, arrival.arrivedAtMs + ATTEMPTS_MS_MAX - startedAtMs));
}

/** The one that comes next, of which nothing is known yet. */
export function newAttempt(
  { step }: Pick<Asking, 'step'>,
  { nextNumber: number }: Pick<AttemptNotes, 'nextNumber'>,
  startedAtMs: number,
): OpenAttempt {
  return { number, step: step ?? 0, startedAtMs, statusCode: null, errorCode: null };
}

/** What came of it: an answer, or an error of ours. */
export function endedAttempt(begun: OpenAttempt, statusCode: number | null, errorCode: number | null): OpenAttempt {
  return { number: begun.number, step: begun.step, startedAtMs: begun.startedAtMs, statusCode, errorCode };
}
