/** Subscribers for tests, by WebSocket with graphql-ws' own client and by server-sent events. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { GraphqlError } from './graphql.js';

export interface ReceivedLog {
  readonly cursor: string;
  readonly node: { readonly id: string };
}

export interface Subscriber {
  readonly logs: ReceivedLog[];
  readonly errors: GraphqlError[];
  /** the subscription was made, and all that appears from now on is told */
  readonly isEnded: () => boolean;
  stop(): Promise<void>;
}

export interface Subscription {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Result {
  readonly data?: { readonly logs: ReceivedLog } | null;
  readonly errors?: readonly GraphqlError[];
}

function take({ logs, errors }: Subscriber, result: Result): void {
  if (result.data !== null && result.data !== undefined) logs.push(result.data.logs);
  errors.push(...(result.errors ?? []));
}

/** By server-sent events; resolves when the subscription stands or was refused. */
export async function subscribeBySse(url: string, token: string | null, operation: Subscription): Promise<Subscriber> {
  const end = new AbortController();
  const response = await fetch(`${url}/graphql/stream`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(operation),
    signal: end.signal,
  });
  let isEnded = false;
  const subscriber: Subscriber = { logs: [], errors: [], isEnded: () => isEnded, stop };
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const step = async (): Promise<void> => {
    const chunk = await reader?.read();
    if (chunk?.done !== false) return void (isEnded = true);
    const events = (text + chunk.value).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^event: next\ndata: (.*)$/.exec(event)?.[1];
      if (data !== undefined) take(subscriber, JSON.parse(data) as Result); // what the protocol promises
    }
    return undefined;
  };
  const read = async (): Promise<void> => {
    while (!isEnded) await step();
  };
  await step();
  const reading = read().catch(() => void (isEnded = true));
  async function stop(): Promise<void> {
    end.abort();
    await reading;
  }
  return subscriber;
}

/** By WebSocket. It is not known when the subscription stands: pass `after`, or wait for what comes. */
export async function subscribeByWs(
  url: string,
  token: string,
  { query, variables }: Subscription,
): Promise<Subscriber> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => undefined,
  });
  let isEnded = false;
  const subscriber: Subscriber = { logs: [], errors: [], isEnded: () => isEnded, stop };
  const results = client.iterate<Result['data'] & object>({ query, variables });
  const read = async (): Promise<void> => {
    try {
      for await (const result of results) take(subscriber, result as unknown as Result); // its errors are GraphQL's
    } catch (error) {
      if (Array.isArray(error)) subscriber.errors.push(...(error as GraphqlError[])); // as the protocol has them
    }
    isEnded = true;
  };
  const reading = read();
  async function stop(): Promise<void> {
    await results.return?.();
    await client.dispose();
    await reading;
  }
  return subscriber;
}
