/** A proxy that shares upstream calls, a provider that answers step by step, and clients that leave and lag as told. */
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../platform/listen.js';
import type { SeenRequest } from './fake-upstream.js';
import type { TestProxyOptions } from './proxy.js';
import { CHAT, startRig, type Rig } from './rig.js';
import { waitFor } from './wait-for.js';

export interface CoalescingRig extends Rig {
  /** a metric of the proxy's, by its name without prefix */
  metric(name: string): Promise<number>;
  /** until so many clients share calls that run */
  shared(clients: number): Promise<unknown>;
  /** the provider's calls from now on, each to be answered by the test */
  calls(): HeldCall[];
}

export interface HeldCall {
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
}

export async function startCoalescingRig(options: TestProxyOptions = {}): Promise<CoalescingRig> {
  const rig = await startRig({}, options);
  const { metricsServer } = rig.proxy.proxy;
  const port = await listen(metricsServer, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'none' });
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(new RegExp(`^tollgate_${name} (\\d+)$`, 'm').exec(text)?.[1]);
  };
  return {
    ...rig,
    metric,
    shared: (clients) =>
      waitFor(async () => (await metric('coalescing_clients')) === clients, `${clients} clients share calls`),
    calls() {
      const held: HeldCall[] = [];
      rig.upstream.answer = (seen, response) => void held.push({ seen, response });
      return held;
    },
  };
}

/** A client on a connection of its own. */
export interface LooseClient {
  readonly request: ClientRequest;
  /** when the head is there; fails when the connection is cut before */
  readonly answer: Promise<IncomingMessage>;
  leave(): void;
}

export interface LooseCall {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly path?: string;
}

export function looseClient(base: string, call: LooseCall = {}): LooseClient {
  const { headers = {}, body = CHAT, path = 'openai/chat/completions' } = call;
  const sent = request(`${base}/${path}`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  sent.on('error', () => undefined); // it is the test that breaks the connection
  sent.end(JSON.stringify(body));
  const answer = once(sent, 'response').then(([response]) => response as IncomingMessage); // what the event brings
  answer.catch(() => undefined); // whoever leaves does not look
  return { request: sent, answer, leave: () => void sent.destroy() };
}

/** Everything of a body, and whether it came to its end. */
export async function wholeBody(
  response: IncomingMessage,
): Promise<{ readonly body: Buffer; readonly isWhole: boolean }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    return { body: Buffer.concat(chunks), isWhole: false };
  }
  return { body: Buffer.concat(chunks), isWhole: response.complete };
}
