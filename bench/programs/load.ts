/** The load's process: takes one order at a time over IPC and answers each with what it counted. */
import { setTimeout as delay } from 'node:timers/promises';
import { Connection, type Tally } from '../load/connection.js';
import { Pace } from '../load/pace.js';
import { Durations } from '../load/durations.js';
import { loadOrderSchema, type LoadOrder, type LoadResult } from '../load/messages.js';
import { RequestText } from '../load/request-text.js';

/** Connections begin a little apart: streams in step would wait for each other and for nothing else. */
const START_APART_MS = 4;
let requestNumber = 0;

async function carryOut(order: LoadOrder): Promise<LoadResult> {
  const isStreaming = order.kind.endsWith('sse');
  const pace = order.perSecond === undefined ? null : new Pace(order.perSecond);
  const onIdle = (connection: Connection): void => (pace === null ? connection.send() : pace.take(connection));
  const options = { isStreaming, statusCode: order.target.statusCode ?? 200, onIdle };
  const tally: Tally = {
    requests: 0,
    errors: 0,
    firstError: null,
    latency: new Durations(),
    firstEvent: new Durations(),
    eventDelay: new Durations(),
    isGoingOn: true,
  };
  const startedMs = performance.now();
  const ends: Promise<void>[] = [];
  for (let i = 0; i < order.connections; i++) {
    const request = new RequestText(order.target, order.kind, requestNumber + i, order.connections);
    ends.push(new Promise((onEnd) => new Connection(order.target.port, request, tally, { ...options, onEnd })));
    // by the clock: waits alone would add up to more where thousands of streams keep this process busy
    if (isStreaming) await delay(Math.max(0, startedMs + (i + 1) * START_APART_MS - performance.now()));
  }
  await delay(order.durationMs - (performance.now() - startedMs));
  tally.isGoingOn = false;
  pace?.end();
  await Promise.all(ends);
  requestNumber += order.connections * (tally.requests + 1); // more than any connection has counted up
  const { requests, errors, firstError, latency, firstEvent, eventDelay } = tally;
  const elapsedMs = performance.now() - startedMs;
  const times = { latency: latency.summary(), firstEvent: firstEvent.summary(), eventDelay: eventDelay.summary() };
  return { kind: 'result', requests, errors, firstError, elapsedMs, ...times };
}

process.on('message', (message) => {
  void carryOut(loadOrderSchema.parse(message)).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready', port: 0 });
