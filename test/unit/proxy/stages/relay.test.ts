import { EventEmitter } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { CopyRoom } from '../../../../proxy/cache/copy-room.js';
import { bedrockConverse } from '../../../../proxy/dialects/bedrock-converse.js';
import type { Dialect } from '../../../../proxy/dialects/dialect.js';
import { gemini } from '../../../../proxy/dialects/gemini.js';
import type { Arrival, Forwarded, Relayed, UpstreamCall } from '../../../../proxy/exchange.js';
import { REQUEST_BOUNDS } from '../../../../proxy/request-bounds.js';
import { relay } from '../../../../proxy/stages/relay.js';
import { ProxyStatistics } from '../../../../proxy/telemetry/statistics.js';
import type { AnswerSink, UpstreamAnswer } from '../../../../proxy/upstream/upstream-exchange.js';
import { eventFrame } from '../../../support/aws-frames.js';

/**
 * The relay of an answer whose head is there, and where its body comes in. `attached`: what arrives before it waits.
 */
function relaying(
  { dialect, facts }: { readonly dialect: Dialect; readonly facts: unknown },
  contentType: string,
  progress: (relayed: Relayed) => void,
  attached: (sink: AnswerSink) => void = () => undefined,
): { readonly sink: AnswerSink; readonly relayed: Relayed | Promise<Relayed> } {
  const called = { dialect, facts, isBillable: true, storedKey: null, target: { customProvider: null } };
  let sink: AnswerSink | null = null as AnswerSink | null; // assigned from a callback
  const answer: UpstreamAnswer = {
    statusCode: 200,
    headers: ['content-type', contentType],
    attach(given: AnswerSink) {
      sink = given;
      attached(given);
    },
    resume: () => undefined,
    cancel: () => undefined,
  };
  const attempt = { number: 1, step: 0, startedAtMs: 1, statusCode: 200, errorCode: null };
  const forwarded: Forwarded = { kind: 'answered', answer, attempt };
  const written = { destroyed: false, writeHead: () => undefined, write: () => true };
  const response = Object.assign(new EventEmitter(), written);
  const arrival = { response } as unknown as Arrival;
  const deps = { bounds: REQUEST_BOUNDS, statistics: new ProxyStatistics(), copyRoom: new CopyRoom() };
  const call = called as unknown as UpstreamCall; // what the relay reads of it
  const relayed = relay(deps, arrival, call, { forwarded, notes: { progress }, cache: null });
  if (sink === null) throw new Error('the relay did not attach');
  return { sink, relayed };
}

test('a reader of usage that fails at the end of an answer leaves nobody waiting for that end', async () => {
  const fault = new Error('the reader is broken');
  const finish = (): never => {
    throw fault;
  };
  const dialect = { newDocumentReader: () => ({ push: () => undefined, finish }) } as unknown as Dialect;
  const { sink, relayed } = relaying({ dialect, facts: { isStreaming: false } }, 'application/json', () => undefined);
  sink.data(Buffer.from('{}'));
  expect(() => sink.end()).not.toThrow(); // the client library would take it for a fault of its connection
  await expect(relayed).rejects.toBe(fault);
});

describe('an answer that is there whole', () => {
  const reading = { usageSource: 'PROVIDER', model: 'gpt' };
  const dialect = {
    newDocumentReader: () => ({ push: () => undefined, finish: () => reading }),
  } as unknown as Dialect; // nothing else of it is asked
  const arrive = (sink: AnswerSink): void => {
    sink.data(Buffer.from('{}'));
    sink.end();
  };
  const relayedOf = (attached: (sink: AnswerSink) => void): Relayed | Promise<Relayed> =>
    relaying({ dialect, facts: { isStreaming: false } }, 'application/json', () => undefined, attached).relayed;

  test('is relayed at once, without a promise', () => {
    expect(relayedOf(arrive)).toMatchObject({ statusCode: 200, interrupted: false, responseBytes: 2, reading });
  });

  test('stands with what it used, whatever fails behind its end', () => {
    const relayed = relayedOf((sink) => {
      arrive(sink);
      throw new Error('behind the end');
    });
    expect(relayed).toMatchObject({ statusCode: 200, reading });
  });

  test('is a fault when something fails before its end', () => {
    const fails = (): never => {
      throw new Error('before the end');
    };
    expect(() => relayedOf(fails)).toThrow('before the end');
  });
});

const converseDelta = (text: string): Buffer =>
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text } });
const geminiPart = (text: string): Buffer =>
  Buffer.from(`[${JSON.stringify({ candidates: [{ content: { parts: [{ text }] } }] })},`);

test.each([
  ['Bedrock’s frames', bedrockConverse, 'application/vnd.amazon.eventstream', converseDelta],
  ['Gemini’s list of objects', gemini, 'application/json', geminiPart],
])('what was seen of a stream in %s is noted while it goes on', (_what, dialect, contentType, part) => {
  const facts = { ...dialect.readRequest({}, '/model/m/converse-stream'), isStreaming: true };
  const progress = jest.fn<(relayed: Relayed) => void>();
  const { sink } = relaying({ dialect, facts }, contentType, progress);
  const now = jest.spyOn(Date, 'now').mockReturnValue(1_000);
  const event = part('twelve bytes');
  sink.data(event.subarray(0, 1));
  expect(progress).not.toHaveBeenCalled(); // not more often than every 25 ms
  now.mockReturnValue(1_030);
  sink.data(event.subarray(1));
  now.mockRestore();
  expect(progress.mock.lastCall?.[0].reading.units.outputTokens).toBe(3);
});
