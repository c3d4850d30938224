/**
 * The upstream calls of this process that are shared: which are running, and who leads or follows. An answer is shared
 * under the conditions under which it might be cached (RFC 9111 §4): status 200, in a form that the follower takes.
 * After anything else, or none, each follower makes a call of its own. Bounded: followers a call; at the bound, calls
 * of one's own.
 */
import { endedAttempt, newAttempt } from '../attempts/attempt.js';
import type { Arrival, Asking, AttemptNotes, Forwarded, Sharing, UpstreamCall } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { contentEncodingOf, headerOf } from '../header-list.js';
import type { UpstreamAnswer } from '../upstream/upstream-exchange.js';
import type { CopyRoom } from './copy-room.js';
import type { WantedForm } from './cached-answer.js';
import { CoalescedCall, type SharedAnswer, type Waiter } from './coalesced-call.js';
import { storedHeaders, varyNames } from './stored-headers.js';

const WAITERS_MAX = 1_000;

/** What is asked for, and how a call for it is made. */
export interface Coalescing {
  readonly arrival: Arrival;
  readonly call: UpstreamCall;
  readonly sharing: Sharing;
  readonly notes: AttemptNotes;
  /** makes the call, and stops it when nobody waits any more */
  readonly send: (asking: Asking) => Promise<Forwarded>;
}

export class CoalescedCalls {
  readonly counts = {
    /** calls that others could follow */
    led: 0,
    followed: 0,
    /** followers that made a call of their own in the end */
    alone: 0,
    /** requests that made a call of their own because too many follow the one that runs */
    full: 0,
    behind: 0,
  };
  private readonly running = new Map<string, CoalescedCall>();

  constructor(
    private readonly room: CopyRoom,
    private readonly waitersMax: number = WAITERS_MAX,
  ) {}

  /** calls that can be joined */
  get open(): number {
    return this.running.size;
  }

  /** clients that wait for these calls, or get their answers */
  get clients(): number {
    let clients = 0;
    for (const call of this.running.values()) clients += call.clients;
    return clients;
  }

  /** The answer to a call, by a call of its own or by one that is running. */
  answer(asked: Coalescing): Promise<Forwarded> {
    // Of a client that has left already no leaving will be heard any more.
    if (asked.arrival.response.destroyed) return asked.send(asked.arrival);
    const running = this.running.get(asked.sharing.key);
    if (running === undefined) return this.lead(asked);
    if (running.clients < this.waitersMax) return this.follow(running, asked);
    this.counts.full += 1;
    return asked.send(asked.arrival);
  }

  private async lead({ arrival, call, sharing, send }: Coalescing): Promise<Forwarded> {
    const { key, wanted } = sharing;
    const led = new CoalescedCall(this.room, this.counts, () => this.running.delete(key));
    this.running.set(key, led);
    this.counts.led += 1;
    const waiter = led.join(arrival.response, false);
    let shared: SharedAnswer | null = null;
    try {
      const { head, step, arrivedAtMs } = arrival;
      const forwarded = await send({ head, step, arrivedAtMs, response: led });
      if (forwarded.kind === 'answered') shared = this.sharedAnswer(forwarded.answer, call, wanted);
      return outcome(forwarded, shared === null ? null : waiter, arrival);
    } finally {
      led.begin(shared);
    }
  }

  private async follow(running: CoalescedCall, asked: Coalescing): Promise<Forwarded> {
    const { arrival, call, sharing, notes, send } = asked;
    const waiter = running.join(arrival.response, true);
    const attempt = newAttempt(arrival, notes, Date.now());
    notes.follows();
    const awaited = await running.answerFor(waiter, sharing.wanted, call.timeoutMs);
    switch (awaited) {
      case 'answered':
        this.counts.followed += 1;
        return { kind: 'answered', answer: waiter, attempt: endedAttempt(attempt, 200, null) };
      case 'left':
        return { kind: 'client-left', wasSent: false, attempt };
      case 'late': {
        const error = new GatewayError('upstreamTimedOut', `the provider sent no answer within ${call.timeoutMs} ms`);
        return { kind: 'failed', error, wasSent: false, attempt: endedAttempt(attempt, null, error.definition.code) };
      }
      case 'none':
        this.counts.alone += 1;
        if (attempt.number === 1) notes.begins(newAttempt(arrival, notes, Date.now())); // `forward` tells of the later ones
        return send(arrival);
    }
  }

  /** Null: nobody else may have it. */
  private sharedAnswer(answer: UpstreamAnswer, call: UpstreamCall, wanted: WantedForm): SharedAnswer | null {
    const { headers, statusCode } = answer;
    const vary = varyNames(headers, call.target.provider.credentialHeaders);
    if (statusCode !== 200 || vary === 'any') return null;
    const contentLength = headerOf(headers, 'content-length');
    if (Number(contentLength ?? 0) > this.room.answerBytesMax) {
      this.room.counts.tooLarge += 1;
      return null;
    }
    const form = {
      contentEncoding: contentEncodingOf(headers),
      vary,
      varyHash: vary === null ? null : wanted.varyHash(vary),
    };
    const followersHeaders = storedHeaders(headers);
    if (contentLength !== null) followersHeaders.push('content-length', contentLength);
    return { answer, form, followersHeaders };
  }
}

/** What the leader gets, whose client may have left while others went on waiting. */
function outcome(forwarded: Forwarded, waiter: Waiter | null, { response }: Arrival): Forwarded {
  if (forwarded.kind === 'answered') return waiter === null ? forwarded : { ...forwarded, answer: waiter };
  const { wasSent, attempt } = forwarded;
  return response.destroyed ? { kind: 'client-left', wasSent, attempt } : forwarded;
}
