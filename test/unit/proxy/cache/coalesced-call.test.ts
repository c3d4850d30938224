import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CopyRoom } from '../../../../proxy/cache/copy-room.js';
import { CoalescedCall, type Waiter } from '../../../../proxy/cache/coalesced-call.js';
import type { AnswerSink, UpstreamAnswer } from '../../../../proxy/upstream/upstream-exchange.js';
import { propertyRuns } from '../../../support/test-size.js';

/** A client's connection, as much of it as a shared call sees. */
class FakeClient extends EventEmitter {
  destroyed = false;

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

/** The relay's part for one client: takes bytes until told that it is full, and leaves when its client does. */
class FakePassage implements AnswerSink {
  readonly client = new FakeClient();
  text = '';
  isFull = false;
  ended: 'end' | 'error' | null = null;
  hasLeft = false;
  readonly waiter: Waiter;

  constructor(call: CoalescedCall, isFollower: boolean) {
    this.waiter = call.join(this.client, isFollower);
    this.client.on('close', () => {
      if (this.ended !== null || this.hasLeft) return;
      if (this.waiter.goesOn()) return;
      this.hasLeft = true;
      this.waiter.cancel();
    });
  }

  data(chunk: Buffer): boolean {
    if (this.hasLeft || this.ended !== null) throw new Error('bytes behind the end');
    this.text += chunk.toString();
    return !this.isFull;
  }

  end(): void {
    this.ended = 'end';
  }

  error(): void {
    this.ended = 'error';
  }
}

type Step =
  | { readonly kind: 'data'; readonly bytes: number }
  | { readonly kind: 'join' }
  | { readonly kind: 'full' | 'drained' | 'leave'; readonly who: number }
  | { readonly kind: 'end' | 'error' };

const who = fc.nat(5);
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('data' as const), bytes: fc.integer({ min: 1, max: 400 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('full' as const, 'drained' as const, 'leave' as const), who }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'error' as const) }) },
  ),
  { maxLength: 60 },
);

/** One shared call, its provider and its clients. */
class Scene {
  readonly room: CopyRoom;
  readonly call: CoalescedCall;
  readonly passages: FakePassage[] = [];
  sent = '';
  isOpen = true;
  isCancelled = false;
  isOver = false;

  constructor(bytesMax: number) {
    this.room = new CopyRoom(bytesMax, bytesMax);
    this.call = new CoalescedCall(this.room, { behind: 0 }, () => (this.isOpen = false));
    const answer: UpstreamAnswer = {
      statusCode: 200,
      headers: [],
      attach: () => undefined,
      resume: () => undefined,
      cancel: () => (this.isCancelled = true),
    };
    const form = { contentEncoding: null, vary: null, varyHash: null };
    const leader = this.join();
    this.call.begin({ answer, form, followersHeaders: [] });
    leader.waiter.attach(leader);
  }

  join(): FakePassage {
    const passage = new FakePassage(this.call, this.passages.length > 0);
    this.passages.push(passage);
    return passage;
  }

  take(step: Step): void {
    switch (step.kind) {
      case 'join': {
        if (!this.isOpen) return;
        const passage = this.join();
        passage.waiter.attach(passage);
        return;
      }
      case 'data': {
        if (this.isOver || this.isCancelled) return;
        const text = Array.from({ length: step.bytes }, (_, index) => String((this.sent.length + index) % 10)).join('');
        this.sent += text;
        this.call.data(Buffer.from(text));
        return;
      }
      case 'end':
      case 'error':
        if (this.isOver || this.isCancelled) return;
        this.isOver = true;
        if (step.kind === 'end') this.call.end();
        else this.call.error(new Error('broken'));
        return;
      default:
        this.change(step.kind, this.passages[step.who]);
    }
  }

  private change(kind: 'full' | 'drained' | 'leave', passage: FakePassage | undefined): void {
    if (passage === undefined || passage.hasLeft || passage.ended !== null) return;
    if (kind === 'leave') return passage.client.destroy();
    passage.isFull = kind === 'full';
    if (kind === 'drained') passage.waiter.resume();
  }
}

test('each client gets a beginning of the answer, the whole of it unless it leaves or is cut, and memory is given back', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 300, max: 4_000 }), (taken, bytesMax) => {
      const scene = new Scene(bytesMax);
      const { room, call, passages } = scene;
      for (const step of taken) {
        scene.take(step);
        for (const { text } of passages) expect(scene.sent.startsWith(text)).toBe(true);
        const areThere = passages.some(({ client, ended }) => !client.destroyed && ended === null);
        expect(scene.isCancelled).toBe(!areThere && !scene.isOver);
        // Only those are behind who take nothing.
        for (const { text, isFull, client, ended } of passages) {
          if (!isFull && !client.destroyed && ended === null) expect(text).toBe(scene.sent);
        }
      }
      scene.take({ kind: 'end' });
      for (const passage of passages) {
        if (passage.client.destroyed) continue;
        passage.isFull = false;
        passage.waiter.resume();
        expect(passage.text).toBe(scene.sent);
      }
      const [leader] = passages;
      const wasCancelled = scene.isCancelled;
      // What all got is paid by the first of them, whose passage has therefore seen it to its end.
      if (!wasCancelled) expect(leader?.text).toBe(scene.sent);
      expect(leader?.ended !== null || leader.hasLeft).toBe(true);
      expect(room.heldBytes).toBe(0);
      expect(call.clients).toBe(0);
    }),
    propertyRuns,
  );
});

test('a copy holds no more than its bound as long as somebody is faster than another', () => {
  const scene = new Scene(1_000);
  scene.take({ kind: 'join' });
  scene.take({ kind: 'full', who: 1 });
  for (let sent = 0; sent < 50; sent++) {
    scene.take({ kind: 'data', bytes: 100 });
    expect(scene.room.heldBytes).toBeLessThanOrEqual(1_000);
  }
  const [leader, follower] = scene.passages;
  expect(leader?.text).toBe(scene.sent);
  expect(follower?.client.destroyed).toBe(true);
  expect(scene.room.counts.tooLarge).toBe(1);
});

test('nobody is cut while all are behind: the provider waits', () => {
  const scene = new Scene(1_000);
  scene.take({ kind: 'join' });
  scene.take({ kind: 'full', who: 0 });
  scene.take({ kind: 'full', who: 1 });
  for (let sent = 0; sent < 5; sent++) expect(scene.call.data(Buffer.alloc(300, 0x30))).toBe(false);
  expect(scene.passages.map(({ client }) => client.destroyed)).toEqual([false, false]);
});
