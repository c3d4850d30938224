/**
 * The values that a request becomes on its way. Each stage takes the ones before it and makes the next, so that the
 * compiler proves the order: nothing is forwarded that was not chosen, nothing chosen that was not authenticated.
 */
import type { GatewayPolicy, PolicyCustomProvider, PolicyProviderKey } from '../schema/contracts/gateway-policy.js';
import type { ApiTokenId, RequestId } from '../schema/contracts/ids.js';
import type { Outdated } from './cache/answer-cache.js';
import type { CachedAnswerName } from '../schema/contracts/redis-keys.js';
import type { AttemptRecord } from '../schema/contracts/usage-record.js';
import type { RetryRule } from './attempts/retry-rule.js';
import type { CachedAnswer, WantedForm } from './cache/cached-answer.js';
import type { ClientRequest, ClientResponse } from './client/client-exchange.js';
import type { Dialect, RequestFacts, UsageReading } from './dialects/dialect.js';
import type { GatewayError } from './gateway-error.js';
import type { GuardedHead, HeadReading } from './head-reading.js';
import type { CacheStatus } from './own-headers.js';
import type { Provider } from './providers/provider.js';
import type { RequestBody } from './request-body.js';
import type { Destination } from './upstream/destination.js';
import type { UpstreamAnswer } from './upstream/upstream-exchange.js';
import type { KeptAnswer } from './usage/kept-answer.js';

/** The headers that a call is made from. */
export interface RequestHead {
  readonly rawHeaders: readonly string[];
  /** where stages keep what they make of a head that may be said again; undefined: nowhere */
  readonly reading?: HeadReading | undefined;
}

/** Passed the guard: what was asked, of whom, with which wishes. */
export interface Arrival extends GuardedHead {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  /** the request itself, but for a universal step, which has headers of its own */
  readonly head: RequestHead;
  /** of a universal step; null: it is still to be read from the request */
  readonly body: RequestBody | null;
  /** the 0-based number of a universal step; null: it is none */
  readonly step: number | null;
  readonly id: RequestId;
  readonly eventId: string;
  /** Unix ms at arrival, the time inside the id */
  readonly arrivedAtMs: number;
}

/** Who waits for an answer: a client, by its response, or all whose requests share a call. */
export interface Waiting {
  /** nobody waits any more; `close` told so */
  readonly destroyed: boolean;
  on(event: 'close', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** What of an arrival matters to the attempts of its call. */
export type Asking = Pick<Arrival, 'head' | 'step' | 'arrivedAtMs'> & { readonly response: Waiting };

/** Resolved: the gateway exists, and so does the provider. */
export interface Target {
  readonly policy: GatewayPolicy;
  readonly provider: Provider;
  /** what the account's own provider is made of; null: the provider is built in */
  readonly customProvider: PolicyCustomProvider | null;
}

/** Authenticated: who calls; null when the gateway lets anybody call and no valid token came along. */
export interface Caller {
  readonly apiTokenId: ApiTokenId | null;
  /**
   * why a token that came along could not be looked up: what only a known caller may have is then not refused for good
   */
  readonly unchecked: GatewayError | null;
}

/** Chosen: the upstream call, complete but for being made. */
export interface UpstreamCall {
  readonly target: Target;
  readonly caller: Caller;
  readonly destination: Destination;
  /** the stored key whose secret is in `headers`; null: none is */
  readonly storedKey: PolicyProviderKey | null;
  readonly method: string;
  /** with its query */
  readonly path: string;
  readonly headers: readonly string[];
  /** the whole body; null when it is streamed or absent */
  readonly body: Buffer | null;
  /** the rest of a body too large to hold: the bytes read so far, then the request itself */
  readonly bodyStream: AsyncIterable<Uint8Array> | null;
  /** how much of a streamed body has passed so far; null when the body is held or absent */
  readonly streamed: { readonly bytes: number } | null;
  /** of each attempt, to its first byte */
  readonly timeoutMs: number;
  /** null: one attempt is all there is */
  readonly retries: RetryRule | null;
  /** the client's bytes as far as they are held: what is hashed and logged */
  readonly originalBody: Buffer | null;
  readonly dialect: Dialect | null;
  readonly isBillable: boolean;
  readonly facts: RequestFacts | null;
  /** whether we asked for the stream's usage, so that its extra event has to be taken out again */
  readonly isStreamUsageInjected: boolean;
  readonly isLog: boolean;
  readonly collectsPayload: boolean;
  readonly logBodyBytesMax: number;
}

/**
 * Looked up: what the cache knows of a call that wants it. Null in its place: the call has nothing to do with the
 * cache.
 */
export interface LookedUp {
  readonly name: CachedAnswerName;
  /** 0: the answer is not kept */
  readonly ttlSeconds: number;
  readonly status: CacheStatus;
  /** null: a miss, whose answer is stored if it may be */
  readonly hit: CachedAnswer | null;
  /** what was found, and suits no more: the answer takes its place; what else stands there by then stays */
  readonly outdated: Outdated;
  /** null: a miss has an upstream call of its own */
  readonly sharing: Sharing | null;
}

/** Planned: all there is to do for a request, or a step of one. */
export interface PlannedCall {
  readonly call: UpstreamCall;
  /** null: it has nothing to do with the cache */
  readonly cache: LookedUp | null;
}

/** What an upstream call is shared by. */
export interface Sharing {
  /** equal: one answer serves both */
  readonly key: string;
  readonly wanted: WantedForm;
}

/** What the forwarding came to. */
export type Forwarded =
  | { readonly kind: 'answered'; readonly answer: UpstreamAnswer; readonly attempt: OpenAttempt }
  | {
      readonly kind: 'failed';
      readonly error: GatewayError;
      /** null: nothing was sent upstream since the attempts that were noted before */
      readonly attempt: OpenAttempt | null;
      /** whether the provider may have taken the request in */
      readonly wasSent: boolean;
    }
  /** likewise */
  | { readonly kind: 'client-left'; readonly attempt: OpenAttempt | null; readonly wasSent: boolean };

/** An attempt whose usage is not known yet. */
export type OpenAttempt = Pick<AttemptRecord, 'number' | 'step' | 'startedAtMs' | 'statusCode' | 'errorCode'>;

/** What was relayed, all but the last bytes: those wait until the usage record is safe. */
export interface Relayed {
  readonly forwarded: Forwarded;
  /** what the client got; 499 when it left before any answer */
  readonly statusCode: number;
  readonly errorCode: number | null;
  readonly clientAborted: boolean;
  readonly interrupted: boolean;
  readonly streamed: boolean;
  readonly reading: UsageReading;
  readonly responseContentType: string | null;
  readonly responseEncoding: string | null;
  readonly responseBytes: number;
  /** of a stream; null: it is none, or nothing of it has come */
  readonly firstByteAtMs: number | null;
  /** the answer of another request's, cached or still running, that it is: what it used is saved; null: its own */
  readonly hit: { readonly reading: UsageReading } | null;
  /** its bytes for the log, and for the cache, to be released by whoever takes it from here; null: neither wants any */
  readonly kept: KeptAnswer | null;
  /** writes the last bytes and ends the answer */
  readonly finish: () => void;
}

/** What there is to say of an answer, whole or so far. */
export type Answered = Pick<
  Relayed,
  | 'statusCode'
  | 'errorCode'
  | 'clientAborted'
  | 'interrupted'
  | 'streamed'
  | 'reading'
  | 'responseContentType'
  | 'responseBytes'
  | 'firstByteAtMs'
  | 'hit'
> & { readonly forwarded: { readonly attempt: OpenAttempt | null } };

/** What there is to say of one attempt. */
export type AttemptMade = Pick<Answered, 'forwarded' | 'statusCode' | 'errorCode' | 'reading'>;

/** Where it is noted how far an answer has come, for the case that this process ends before it does. */
export interface AnswerNotes {
  progress(answered: Answered): void;
}

/** Where a request's attempts are noted: each is recorded, also when this process ends before the answer does. */
export interface AttemptNotes extends AnswerNotes {
  /** of the attempt that comes next: 1, 2, … over all steps of its request */
  readonly nextNumber: number;
  /** Another attempt goes upstream now. (Of the first one the intent tells.) */
  begins(attempt: OpenAttempt): void;
  /** One is over, and its request is not. */
  gaveUp(made: AttemptMade): void;
  /** The call of an identical request is waited for, and paid by that one. */
  follows(): void;
}
