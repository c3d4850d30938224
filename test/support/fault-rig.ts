/** A proxy whose providers misbehave, and a client that sees what comes of it. */
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { listen } from '../../platform/listen.js';
import type { RequestBounds } from '../../proxy/request-bounds.js';
import { openBlackHole } from './black-hole.js';
import { startFaultyUpstream, TEST_AUTHORITY, type FaultyUpstream } from './faulty-upstream.js';
import { startTestProxy, type TestProxy } from './proxy.js';
import { createTenant, type TestTenant } from './tenant.js';

/**
 * So small that no test waits, for faults that a limit ends; whatever shall succeed has the time that it has in
 * earnest.
 */
export const HASTY_BOUNDS: Partial<RequestBounds> = { connectTimeoutMs: 500, answerIdleMs: 500 };

export interface FaultRig {
  readonly proxy: TestProxy;
  readonly upstream: FaultyUpstream;
  tenant(settings?: Readonly<Record<string, unknown>>): Promise<TestTenant & { readonly base: string }>;
  /** a counter of the proxy's, by its name without prefix and `_total` */
  counter(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Paths that speak the chat dialect, by the provider that stands at the place. */
export const PLACES = {
  plain: '/openai/chat/completions',
  secure: '/anthropic/chat/completions',
  'black-hole': '/google-ai-studio/openai/chat/completions',
} as const;

export async function startFaultRig(bounds: Partial<RequestBounds> = {}): Promise<FaultRig> {
  const [upstream, blackHole] = await Promise.all([startFaultyUpstream(), openBlackHole()]);
  const proxy = await startTestProxy(
    { openai: upstream.origin, anthropic: upstream.secureOrigin, 'google-ai-studio': blackHole.origin },
    { LOG_LEVEL: 'error', BODY_BYTES_MAX: String(1024 ** 3) },
    { bounds, trustedCertificates: TEST_AUTHORITY },
  );
  const { metricsServer } = proxy.proxy;
  const metricsPort = await listen(metricsServer, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'none' });
  return {
    proxy,
    upstream,
    async tenant(settings = {}) {
      const tenant = await createTenant(proxy.owner);
      await tenant.gateway('main', settings);
      return { ...tenant, base: `${proxy.url}/v1/${tenant.tag}/main` };
    },
    async counter(name) {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return Number(new RegExp(`^tollgate_proxy_${name}_total (\\d+)$`, 'm').exec(text)?.[1]);
    },
    async stop() {
      await proxy.stop();
      await Promise.all([upstream.close(), blackHole.close()]);
    },
  };
}

/** A client on a bare socket, which reads and writes when the test says so. Its errors are the test's own doing. */
export function bareClient(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => undefined);
}

/** The head of a POST of JSON; `length` null: in chunks. */
export function requestHead(url: string, length: number | null): string {
  const { pathname, host } = new URL(url);
  const framing = length === null ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`;
}

/** What a client saw of an answer. */
export interface Observation {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** the connection broke before the answer's end */
  readonly isCut: boolean;
}

/**
 * A POST of JSON on a connection of its own, which is to be kept: an end that does not come is not made up by closing
 * it. Rejects when no head comes back.
 */
export function observe(
  url: string,
  body: unknown,
  added: Readonly<Record<string, string>> = {},
): Promise<Observation> {
  const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip, br', ...added };
  const agent = new Agent({ keepAlive: true });
  const observed = new Promise<Observation>((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers });
    sent.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = [];
      let isCut = false;
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => (isCut = true));
      response.on('close', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks), isCut }),
      );
    });
    sent.end(JSON.stringify(body));
  });
  return observed.finally(() => agent.destroy());
}

/** An answer in the words of docs/upstream-faults.md; `meant` is the body that the provider tried to send. */
export function outcomeOf({ status, body, isCut }: Observation, meant: Buffer | null): string {
  const text = body.toString('latin1');
  const own = /^\{"success":false.*"description":"([^"]*)"\}$/.exec(text)?.[1];
  if (own !== undefined) return `${status}: ${own}`;
  if (isCut) return `${status}, cut`;
  const event = /data: \{"error":\{"message":"([^"]*)","type":"upstream_error"[^\n]*\n\n$/.exec(text)?.[1];
  if (event !== undefined) return `${status}, error event: ${event}`;
  return meant !== null && body.equals(meant) ? `${status}, whole` : `${status}, changed`;
}
