import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { CopyRoom } from '../../../../proxy/cache/copy-room.js';
import type { Dialect } from '../../../../proxy/dialects/dialect.js';
import type { Arrival, Forwarded, UpstreamCall } from '../../../../proxy/exchange.js';
import { REQUEST_BOUNDS } from '../../../../proxy/request-bounds.js';
import { relay } from '../../../../proxy/stages/relay.js';
import { ProxyStatistics } from '../../../../proxy/telemetry/statistics.js';
import type { AnswerSink, UpstreamAnswer } from '../../../../proxy/upstream/upstream-exchange.js';

test('a reader of usage that fails at the end of an answer leaves nobody waiting for that end', async () => {
  const fault = new Error('the reader is broken');
  const finish = (): never => {
    throw fault;
  };
  const dialect = { newDocumentReader: () => ({ push: () => undefined, finish }) } as unknown as Dialect;
  const call = {
    dialect,
    facts: { isStreaming: false },
    isBillable: true,
    storedKey: null,
    target: { customProvider: null },
  } as unknown as UpstreamCall; // what the relay reads of it
  let sink: AnswerSink | null = null as AnswerSink | null; // assigned from a callback
  const answer: UpstreamAnswer = {
    statusCode: 200,
    headers: ['content-type', 'application/json'],
    attach: (attached: AnswerSink) => void (sink = attached),
    resume: () => undefined,
    cancel: () => undefined,
  };
  const attempt = { number: 1, step: 0, startedAtMs: 1, statusCode: 200, errorCode: null };
  const forwarded: Forwarded = { kind: 'answered', answer, attempt };
  const arrival = { response: new EventEmitter() } as unknown as Arrival; // nothing is written before the record is safe
  const deps = { bounds: REQUEST_BOUNDS, statistics: new ProxyStatistics(), copyRoom: new CopyRoom() };
  const notes = { progress: () => undefined };
  const relayed = relay(deps, arrival, call, { forwarded, notes, cache: null });
  sink?.data(Buffer.from('{}'));
  expect(() => sink?.end()).not.toThrow(); // the client library would take it for a fault of its connection
  await expect(relayed).rejects.toBe(fault);
});
