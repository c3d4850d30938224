/**
 * The provider, a witness: it answers as each request says that it should, with token counts of its own choice, and
 * notes for every call that reached it what it reported and whether it was cut.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../../platform/listen.js';
import { document, DELTA, endOfStream, ERROR_DOCUMENT } from '../chat-answers.js';
import { reply, upstreamOrderSchema } from '../messages.js';
import { Notebook, UPSTREAM_NOTES, type ReportedUsage, type UpstreamNote } from '../notes.js';
import { Random } from '../random.js';
import { requestBodySchema, SILENCE_MS, type RequestPlan } from '../request-plan.js';

/** A stream counts as in its middle while this much of it is still to come. */
const MIDDLE_MS = 100;

interface Call {
  readonly id: string;
  readonly proxy: number;
  readonly plan: RequestPlan;
  readonly isUsageWanted: boolean;
  readonly response: ServerResponse;
  reported: ReportedUsage | null;
  deltasSent: number;
}

let notebook: Notebook<UpstreamNote> | null = null;
let random = new Random(0);
const open = new Set<Call>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = requestBodySchema.parse(JSON.parse(await text(request)));
  const { proxy, plan } = body.metadata;
  const isUsageWanted = !plan.isStream || body.stream_options?.include_usage === true;
  const call: Call = { id: body.user, proxy, plan, isUsageWanted, response, reported: null, deltasSent: 0 };
  open.add(call);
  response.on('close', () => note(call));
  await delay(plan.outcome === 'silent' ? SILENCE_MS : plan.delayMs);
  if (plan.outcome === 'no-answer') response.destroy();
  else if (plan.outcome === 'error') send(response, 500, ERROR_DOCUMENT);
  else if (plan.isStream) await stream(call);
  else if (plan.outcome === 'cut') cutDocument(response);
  else send(response, 200, document(usageFor(call)));
}

function note(call: Call): void {
  open.delete(call);
  const { id, response, plan, reported, deltasSent } = call;
  const status = response.headersSent ? response.statusCode : null;
  const isOwnCut = plan.outcome === 'cut' || plan.outcome === 'no-answer';
  notebook?.note({ id, status, reported, deltasSent, isCut: !response.writableFinished && !isOwnCut });
}

/** The counts that this answer reports; null: it tells none. */
function usageFor(call: Call): ReportedUsage | null {
  if (!call.isUsageWanted || call.plan.outcome === 'untold' || call.response.destroyed) return null;
  const prompt = random.integer(1, 4_000);
  call.reported = { prompt, cached: random.integer(0, prompt), completion: random.integer(1, 2_000) };
  return call.reported;
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function cutDocument(response: ServerResponse): void {
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
  response.write('{"id":"chatcmpl-proof","object":"chat', () => response.destroy());
}

async function stream(call: Call): Promise<void> {
  const { response, plan } = call;
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const deltas = plan.outcome === 'cut' ? Math.ceil(plan.deltas / 2) : plan.deltas;
  while (call.deltasSent < deltas) {
    if (response.destroyed) return;
    response.write(DELTA);
    call.deltasSent += 1;
    await delay(plan.intervalMs);
  }
  if (plan.outcome === 'cut') response.destroy();
  else if (!response.destroyed) response.end(endOfStream(usageFor(call)));
}

function streamsInTheMiddle(proxy: number): number {
  const isInTheMiddle = ({ plan, deltasSent }: Call): boolean =>
    deltasSent > 0 && (plan.deltas - deltasSent) * plan.intervalMs >= MIDDLE_MS;
  return [...open].filter((call) => call.proxy === proxy && isInTheMiddle(call)).length;
}

const server = createServer((request, response) => {
  // What is no whole request of the proof (its sender was killed half-way) cannot be noted: nobody can say whose it
  // was.
  answer(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = 0; // the proxy never meets a connection that was closed just then
server.requestTimeout = 0;

async function obey(message: unknown): Promise<void> {
  const order = upstreamOrderSchema.parse(message);
  switch (order.kind) {
    case 'start':
      notebook = new Notebook(order.folder, UPSTREAM_NOTES);
      random = new Random(order.seed, 1);
      return reply({ kind: 'started', port: await listen(server, ADDRESS) });
    case 'streams':
      return reply({ kind: 'streams', proxy: order.proxy, count: streamsInTheMiddle(order.proxy) });
    case 'finish':
      server.closeAllConnections();
      await new Promise((resolve) => setImmediate(resolve)); // their ends are noted in this turn
      await notebook?.close();
      return reply({ kind: 'done', sent: 0 });
  }
}

const ADDRESS = { host: '127.0.0.1', port: 0, name: 'upstream', variable: 'none' };
process.on('message', (message) => void obey(message));
process.on('disconnect', () => process.exit(0));
reply({ kind: 'ready' });
