/**
 * Forward: the upstream call, up to the head of its answer. Where the gateway or the request allows retries, an attempt
 * that failed is followed by others; nothing has gone to the client by then. What the last one came to is the outcome.
 */
import { attempt, newAttempt, type AttemptDeps } from '../attempts/attempt.js';
import { giveUp } from '../attempts/given-up.js';
import type { RetryBudgets, RetryShare } from '../attempts/retry-budget.js';
import { retriesMsMax, waitBeforeNext, type RetryRule } from '../attempts/retry-rule.js';
import type { Asking, AttemptNotes, Forwarded, OpenAttempt, UpstreamCall } from '../exchange.js';
import { ATTEMPTS_MS_MAX } from '../request-bounds.js';
import type { ProxyStatistics } from '../telemetry/statistics.js';

export interface ForwardDeps extends AttemptDeps {
  readonly retryBudgets: RetryBudgets;
  readonly statistics: ProxyStatistics;
}

/** Fails with GatewayError 2005, which is an outcome like others: it is recorded. */
export function forward(
  deps: ForwardDeps,
  arrival: Asking,
  call: UpstreamCall,
  notes: AttemptNotes,
): Promise<Forwarded> {
  if (call.retries === null) return attempt(deps, arrival, call, begin(arrival, notes));
  return new Retries(deps, arrival, call, notes).run(call.retries);
}

/** The next attempt; one that is not the first is noted, because the intent does not tell of it. */
function begin(arrival: Asking, notes: AttemptNotes): OpenAttempt {
  const begun = newAttempt(arrival, notes, Date.now());
  if (begun.number > 1) notes.begins(begun);
  return begun;
}

/** The attempts of one call, one after the other. */
class Retries {
  private readonly startedAtMs = Date.now();

  constructor(
    private readonly deps: ForwardDeps,
    private readonly arrival: Asking,
    private readonly call: UpstreamCall,
    private readonly notes: AttemptNotes,
  ) {}

  async run(rule: RetryRule): Promise<Forwarded> {
    const { deps, arrival, call, notes } = this;
    const share = deps.retryBudgets.enter(call);
    try {
      for (let tries = 1; ; tries++) {
        const forwarded = await attempt(deps, arrival, call, begin(arrival, notes));
        const waitMs = waitBeforeNext(rule, tries, forwarded, Math.random());
        if (forwarded.kind === 'client-left' || waitMs === null || !this.mayGoOn(rule, waitMs, share)) return forwarded;
        giveUp(call, forwarded, notes);
        deps.statistics.retries += 1;
        if (!(await isStillThereAfter(waitMs, arrival))) return { kind: 'client-left', wasSent: false, attempt: null };
      }
    } finally {
      share.leave();
    }
  }

  /** Whether there is time for the wait, no breaker in the way, and room in the budget. */
  private mayGoOn(rule: RetryRule, waitMs: number, share: RetryShare): boolean {
    const { arrival, call, deps } = this;
    const endMs = Math.min(
      this.startedAtMs + retriesMsMax(rule, call.timeoutMs),
      arrival.arrivedAtMs + ATTEMPTS_MS_MAX,
    );
    if (Date.now() + waitMs < endMs) return !deps.breakers.isOpen(call) && share.take();
    deps.statistics.retriesTooLate += 1;
    return false;
  }
}

/** Waits; false, and at once, when the client leaves. */
function isStillThereAfter(ms: number, { response }: Asking): Promise<boolean> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve(false);
    const settle = (isThere: boolean): void => {
      clearTimeout(timer);
      response.off('close', onClose);
      resolve(isThere);
    };
    const onClose = (): void => settle(false);
    const timer = setTimeout(() => settle(true), ms);
    response.once('close', onClose);
    return undefined;
  });
}
