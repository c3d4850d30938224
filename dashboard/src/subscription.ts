/**
 * A subscription as server-sent events, over fetch. When the connection breaks it comes again by itself, a little later
 * each time, and says where it was: nothing in between is missed.
 */
import { useEffect, useEffectEvent, useState } from 'react';
import { EventStream } from './event-stream.js';
import { RequestError } from './request-error.js';
import type { OperationDocument } from './gql/graphql.js';
import { operationBody, resultOf, type GraphqlAnswer } from './request.js';

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

export interface Subscription<Result, Variables> {
  readonly document: OperationDocument<Result, Variables>;
  /** asked at every connection: with the cursor of what came last, if there was any */
  readonly variables: () => Variables;
  readonly onNext: (result: Result) => void;
  readonly onState: (state: SubscriptionState) => void;
}

/** `refused` says why, for good. */
export type SubscriptionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'refused'; readonly error: RequestError };

/** Answers with what ends it. */
export function subscribe<Result, Variables>(subscription: Subscription<Result, Variables>): () => void {
  const leaving = new AbortController();
  void run(subscription, leaving.signal);
  return () => leaving.abort();
}

/** While `isOn`, calls `onNext` with what comes. */
export function useSubscription<Result, Variables>({
  isOn,
  ...given
}: Omit<Subscription<Result, Variables>, 'onState'> & { readonly isOn: boolean }): SubscriptionState {
  const [state, setState] = useState<SubscriptionState>({ kind: 'connecting' });
  const onNext = useEffectEvent(given.onNext);
  const variables = useEffectEvent(given.variables);
  const { document } = given;
  useEffect(
    () =>
      isOn
        ? subscribe({ document, variables: () => variables(), onNext: (r) => onNext(r), onState: setState })
        : undefined,
    [isOn, document],
  );
  return state;
}

async function run<Result, Variables>(
  subscription: Subscription<Result, Variables>,
  signal: AbortSignal,
): Promise<void> {
  for (let retryMs = RETRY_MS_MIN; !signal.aborted; retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)) {
    subscription.onState({ kind: 'connecting' });
    try {
      if (await listenOnce(subscription, signal)) retryMs = RETRY_MS_MIN;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RequestError && error.code !== 'RATE_LIMITED' && error.code !== 'INTERNAL') {
        return subscription.onState({ kind: 'refused', error });
      }
    }
    await pause(retryMs, signal);
  }
}

/** One connection, to its end; whether it stood at all. Throws RequestError when the api refused. */
async function listenOnce<Result, Variables>(
  { document, variables, onNext, onState }: Subscription<Result, Variables>,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await fetch('/graphql/stream', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: operationBody(document, variables()),
    signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const events = new EventStream();
  let isLive = false;
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    if (!isLive && response.ok) onState({ kind: 'live' });
    isLive = response.ok;
    for (const event of events.take(part.value)) {
      if (event.name !== 'next') continue;
      const answer = JSON.parse(event.data) as GraphqlAnswer<Result>; // what the document's type says
      onNext(resultOf(answer));
    }
  }
  return isLive;
}

/** Resolves after `ms`, or as soon as nobody waits any more. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
