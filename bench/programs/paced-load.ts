/**
 * The outage's load: so many requests a second, whether earlier ones were answered or not, as clients do that know
 * nothing of each other. Each has an id of its own, by which its record is found.
 */
import { Agent, request, type IncomingMessage } from 'node:http';
import { errorMessage } from '../../platform/error-code.js';
import { Durations } from '../load/durations.js';
import { pacedOrderSchema, type PacedOrder, type PacedResult } from '../outage/messages.js';

type Target = Extract<PacedOrder, { kind: 'start' }>;

const TICK_MS = 5;
const TIMEOUT_MS = 30_000;
const BODY = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'Say something that may be forgotten.' }],
});

const agent = new Agent({ keepAlive: true });
const latency = new Durations();
const counts = { sent: 0, answered: 0, errors: 0 };
let firstError: string | null = null;
let running = 0;
let timer: NodeJS.Timeout | null = null;
let isStopping = false;

function headersOf({ headers }: Target): Record<string, string | number> {
  const given = headers.map((line) => {
    const [name = '', value = ''] = line.split(': ', 2);
    return [name, value] as const;
  });
  return {
    ...Object.fromEntries<string>(given),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(BODY),
    authorization: 'Bearer sk-bench',
  };
}

function fail(why: string): void {
  counts.errors += 1;
  firstError ??= why;
}

function send(target: Target, headers: Readonly<Record<string, string | number>>): void {
  counts.sent += 1;
  running += 1;
  const startedMs = performance.now();
  const { port, path } = target;
  const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', timeout: TIMEOUT_MS, headers });
  sent.setHeader('cf-aig-event-id', `outage-${counts.sent}`);
  sent.on('timeout', () => sent.destroy(new Error('no answer within the time')));
  sent.on('error', (error) => {
    fail(errorMessage(error));
    end();
  });
  sent.on('response', (response) => receive(response, startedMs));
  sent.end(BODY);
}

function receive(response: IncomingMessage, startedMs: number): void {
  let text = '';
  response.on('data', (chunk: Buffer) => (text = chunk.toString().slice(0, 300)));
  response.on('error', () => undefined); // `close` follows
  response.on('close', () => {
    if (response.complete && response.statusCode === 200) {
      counts.answered += 1;
      latency.record((performance.now() - startedMs) * 1_000);
    } else fail(`${response.statusCode} ${text}`);
    end();
  });
}

function end(): void {
  running -= 1;
  if (isStopping && running === 0) tell();
}

function tell(): void {
  const result: PacedResult = { kind: 'paced', ...counts, firstError, latency: latency.summary() };
  process.send?.(result);
}

function start(target: Target): void {
  const headers = headersOf(target);
  const startedMs = performance.now();
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) * target.perSecond) / 1_000);
    while (counts.sent < due) send(target, headers);
  }, TICK_MS);
}

function obey(order: PacedOrder): void {
  if (order.kind === 'start') return start(order);
  if (timer !== null) clearInterval(timer);
  isStopping = true;
  if (running === 0) tell();
  return undefined;
}

process.on('message', (message) => obey(pacedOrderSchema.parse(message)));
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready', port: 0 });
