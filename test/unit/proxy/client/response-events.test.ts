import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ResponseEvent } from '../../../../proxy/client/client-exchange.js';
import { ResponseEvents } from '../../../../proxy/client/response-events.js';
import { propertyRuns } from '../../../support/test-size.js';

interface Step {
  readonly kind: 'on' | 'once' | 'off' | 'emit';
  readonly event: ResponseEvent;
  readonly listener: number;
}

interface Emitter {
  on(event: ResponseEvent, listener: () => void): unknown;
  once(event: ResponseEvent, listener: () => void): unknown;
  off(event: ResponseEvent, listener: () => void): unknown;
  emit(event: ResponseEvent): boolean;
}

const event = fc.constantFrom<ResponseEvent>('close', 'drain', 'timeout');
const steps = (kinds: readonly Step['kind'][], lengthMax: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), event, listener: fc.nat(2) }), { maxLength: lengthMax });

/** Everything that listeners hear, who begin to listen, and tell other things, while they do. */
function heard(emitter: Emitter, taken: readonly Step[], meanwhile: readonly Step[]): string[] {
  const notes: string[] = [];
  const left = [...meanwhile];
  const listeners = [0, 1, 2].map((number) => (): void => {
    notes.push(`heard by ${number}`);
    const step = left.pop();
    if (step !== undefined) take(step);
  });
  function take({ kind, event: of, listener }: Step): void {
    const chosen = listeners[listener];
    if (kind === 'emit') notes.push(`${of} ${emitter.emit(of)}`);
    else if (chosen !== undefined) emitter[kind](of, chosen);
  }
  for (const step of taken) take(step);
  return notes;
}

test('all that an EventEmitter tells is told', () => {
  const outside = steps(['on', 'once', 'off', 'emit'], 20);
  fc.assert(
    fc.property(outside, steps(['on', 'once', 'emit'], 5), (taken, meanwhile) => {
      expect(heard(new ResponseEvents(), taken, meanwhile)).toEqual(heard(new EventEmitter(), taken, meanwhile));
    }),
    propertyRuns,
  );
});

test('one who is taken out while an event is told does not hear it any more; all others do', () => {
  const events = new ResponseEvents();
  const notes: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map((name) => (): void => void notes.push(name));
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are three');
  const takesOut = (): void => void events.off('close', takesOut).off('close', first).off('close', second);
  events.on('close', takesOut).on('close', first).once('close', second).on('close', third);
  expect([events.emit('close'), events.emit('close'), notes]).toEqual([true, true, ['third', 'third']]);
});
