import { expect, test } from '@jest/globals';
import { UndiciHandler } from '../../../../proxy/upstream/undici-handler.js';
import { RecordedCall } from '../../../support/recorded-call.js';

test('the head of an answer is passed on a character a byte, and interim answers are not', () => {
  const call = new RecordedCall();
  const handler = new UndiciHandler(call);
  handler.onHeaders(103, [Buffer.from('link'), Buffer.from('x')], () => undefined);
  handler.onHeaders(200, [Buffer.from('a'), Buffer.from('\xe8', 'latin1')], () => undefined);
  handler.onData(Buffer.from('b'));
  handler.onComplete();
  expect(call).toMatchObject({ events: ['head 200', 'data', 'complete'], headers: ['a', '\xe8'], body: 'b' });
});

test('a call is aborted as soon as undici lets it be', () => {
  const aborted: string[] = [];
  const abort = (error?: Error): void => void aborted.push(error?.message ?? '');
  const early = new RecordedCall();
  const waiting = new UndiciHandler(early);
  early.abort(new Error('early'));
  expect(aborted).toEqual([]);
  waiting.onConnect(abort);
  const late = new RecordedCall();
  new UndiciHandler(late).onConnect(abort);
  late.abort(new Error('late'));
  expect(aborted).toEqual(['early', 'late']);
});

test.each(['onComplete', 'onError'] as const)('after %s a call does not resume the one that has its socket', (end) => {
  let resumed = 0;
  const call = new RecordedCall();
  const handler = new UndiciHandler(call);
  handler.onHeaders(200, [], () => (resumed += 1));
  call.resume();
  handler[end](new Error('cut'));
  call.resume();
  expect(resumed).toBe(1);
});
