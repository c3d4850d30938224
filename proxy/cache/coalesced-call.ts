/**
 * One upstream call for identical requests that run at the same time. The first of them, the leader, makes the call and
 * pays for it; the others follow. Each takes the bytes from the first one on, at its own pace, out of one copy.
 *
 * It ends upstream when nobody waits for it any more. A leader whose client leaves earlier goes on unseen, so that what
 * all get is metered to its end. The provider is read as fast as the fastest client takes it. Whoever falls so far
 * behind that the copy would grow beyond its bounds (`CopyRoom`) is cut as a slow client.
 */
import { EventEmitter } from 'node:events';
import type { Waiting } from '../exchange.js';
import type { AnswerSink, UpstreamAnswer } from '../upstream/upstream-exchange.js';
import { ByteParts } from '../usage/byte-parts.js';
import type { CopyRoom } from './copy-room.js';
import { suitsInForm, type AnswerForm, type WantedForm } from './cached-answer.js';

/** A client that can be cut. */
export interface Client extends Waiting {
  destroy(): unknown;
}

/** An answer that may be shared. */
export interface SharedAnswer {
  readonly answer: UpstreamAnswer;
  readonly form: AnswerForm;
  /** those of its headers that followers get */
  readonly followersHeaders: readonly string[];
}

/** What became of a wait: the answer is there; there is none to be had; the time was up; the client left. */
export type Awaited = 'answered' | 'none' | 'late' | 'left';

/** What happens to whom is counted for all calls together. */
export interface CoalescingCounts {
  /** clients cut because they fell too far behind */
  behind: number;
}

export class CoalescedCall extends EventEmitter implements AnswerSink, Waiting {
  /** nobody waits for it: the attempt stops, and whoever comes makes another call */
  destroyed = false;
  isEnded = false;
  failure: unknown = null;
  private readonly waiters = new Set<Waiter>();
  private shared: SharedAnswer | null = null;
  private isOpen = true;
  private isHeldBack = false;
  private readonly bytes = new ByteParts();
  /** parts that are gone, because all have taken them */
  private dropped = 0;

  constructor(
    private readonly room: CopyRoom,
    private readonly counts: CoalescingCounts,
    /** from now on nobody can join */
    private readonly onClosed: () => void,
  ) {
    super();
  }

  get isAnswered(): boolean {
    return this.shared !== null;
  }

  /** whose clients are still there */
  get clients(): number {
    let clients = 0;
    for (const { isGone } of this.waiters) if (!isGone) clients += 1;
    return clients;
  }

  join(client: Client, isFollower: boolean): Waiter {
    const waiter = new Waiter(this, client, isFollower);
    this.waiters.add(waiter);
    return waiter;
  }

  /** What the call came to: an answer to be shared, or, null, none: who followed is told to go on alone. */
  begin(shared: SharedAnswer | null): void {
    if (this.destroyed) shared?.answer.cancel();
    this.shared = shared;
    if (shared === null) this.close();
    for (const waiter of this.waiters) this.tell(waiter, shared);
    if (shared === null || this.destroyed) return;
    shared.answer.attach(this);
  }

  /** Resolves as soon as it is known whether the answer can be had. */
  answerFor(waiter: Waiter, wanted: WantedForm, timeoutMs: number): Promise<Awaited> {
    return new Promise((resolve) => {
      waiter.wait(wanted, timeoutMs, resolve);
      if (this.shared !== null) this.tell(waiter, this.shared);
    });
  }

  data(chunk: Buffer): boolean {
    this.makeRoom(chunk.length);
    this.room.heldBytes += chunk.length;
    this.bytes.push(chunk);
    for (const waiter of this.waiters) waiter.pump();
    this.isHeldBack = !this.isTaken();
    return !this.isHeldBack;
  }

  end(): void {
    this.isEnded = true;
    this.close();
    for (const waiter of this.waiters) waiter.pump();
  }

  error(cause: unknown): void {
    this.failure = cause;
    this.end();
  }

  /** The next bytes for a waiter, which are not null as long as it has not taken all that there are. */
  next(waiter: Waiter): Buffer | null {
    for (;;) {
      const part = this.bytes.parts[waiter.part - this.dropped];
      if (part === undefined) return null;
      const { offset } = waiter;
      if (offset < part.byteLength) {
        waiter.offset = part.byteLength;
        return Buffer.from(part.buffer, part.byteOffset + offset, part.byteLength - offset);
      }
      if (waiter.part - this.dropped === this.bytes.parts.length - 1) return null; // it may grow
      waiter.part += 1;
      waiter.offset = 0;
    }
  }

  /** Some client takes bytes again. */
  goOn(): void {
    if (!this.isHeldBack || !this.isTaken()) return;
    this.isHeldBack = false;
    this.shared?.answer.resume();
  }

  /** Whether somebody would miss the answer if this waiter's client were gone. */
  isWantedBesides(waiter: Waiter): boolean {
    for (const other of this.waiters) if (other !== waiter && !other.isGone) return true;
    return false;
  }

  /** The waiter has all, or wants no more. */
  leave(waiter: Waiter): void {
    this.waiters.delete(waiter);
    if (!this.isEnded && !this.isWantedBesides(waiter)) this.stop();
    if (this.waiters.size === 0) this.release();
  }

  /** Nobody's client is there any more. */
  stop(): void {
    if (this.destroyed || this.isEnded) return;
    this.destroyed = true;
    this.close();
    this.shared?.answer.cancel();
    this.error(new Error('all clients have left'));
    this.emit('close');
  }

  private tell(waiter: Waiter, shared: SharedAnswer | null): void {
    const isServed = shared !== null && (!waiter.isFollower || suitsInForm(shared.form, waiter.wanted));
    if (isServed) waiter.headers = [...(waiter.isFollower ? shared.followersHeaders : shared.answer.headers)];
    waiter.settle(isServed ? 'answered' : 'none');
  }

  private close(): void {
    if (this.isOpen) this.onClosed();
    this.isOpen = false;
  }

  /** Whether some client takes what comes; one that has left does not set the pace. */
  private isTaken(): boolean {
    for (const waiter of this.waiters) if (!waiter.isPaused && !waiter.isGone) return true;
    return false;
  }

  /**
   * At a bound of the copy its beginning goes, and with it whoever still needs that while others are waiting for more.
   */
  private makeRoom(bytes: number): void {
    const { room } = this;
    if (this.hasRoom(bytes)) return;
    if (this.isOpen) room.counts[this.bytes.bytes + bytes > room.answerBytesMax ? 'tooLarge' : 'noRoom'] += 1;
    this.close();
    for (let slowest = this.dropTaken(); slowest?.isPaused === true; slowest = this.dropTaken()) {
      if (this.hasRoom(bytes) || !this.isTaken()) return;
      this.counts.behind += 1;
      slowest.cut();
    }
  }

  private hasRoom(bytes: number): boolean {
    const { room } = this;
    return this.bytes.bytes + bytes <= room.answerBytesMax && room.heldBytes + bytes <= room.bytesMax;
  }

  /** Lets go of what all have taken. The slowest of those who have not taken all; null: there is none. */
  private dropTaken(): Waiter | null {
    const last = this.dropped + this.bytes.parts.length - 1;
    let slowest: Waiter | null = null;
    for (const waiter of this.waiters) if (waiter.part < (slowest?.part ?? last)) slowest = waiter;
    const count = (slowest?.part ?? last) - this.dropped;
    if (count > 0) {
      this.dropped += count;
      this.room.heldBytes -= this.bytes.dropFirst(count);
    }
    return slowest;
  }

  private release(): void {
    this.room.heldBytes -= this.bytes.bytes;
    this.bytes.clear();
  }
}

/** One request that waits for a shared answer, and then the answer as it gets it. */
export class Waiter implements UpstreamAnswer {
  readonly statusCode = 200;
  headers: string[] = [];
  /** how far it has come: bytes of which part, and the parts before it */
  part = 0;
  offset = 0;
  isPaused = false;
  /** its client has left */
  isGone = false;
  wanted: WantedForm = ANY_FORM;
  private sink: AnswerSink | null = null;
  private isDone = false;
  private onAwaited: ((awaited: Awaited) => void) | null = null;

  constructor(
    private readonly call: CoalescedCall,
    private readonly client: Client,
    readonly isFollower: boolean,
  ) {
    this.isGone = client.destroyed;
    client.once('close', this.onClose);
  }

  get isPaidByAnother(): boolean {
    return this.isFollower;
  }

  wait(wanted: WantedForm, timeoutMs: number, onAwaited: (awaited: Awaited) => void): void {
    const timer = setTimeout(() => this.settle('late'), timeoutMs);
    this.wanted = wanted;
    this.onAwaited = (awaited) => {
      clearTimeout(timer);
      onAwaited(awaited);
    };
    if (this.client.destroyed) this.settle('left');
  }

  /** The wait is over. But for an answer there is nothing more to wait for. */
  settle(awaited: Awaited): void {
    const { onAwaited } = this;
    this.onAwaited = null;
    if (awaited !== 'answered') this.cancel();
    onAwaited?.(awaited);
  }

  attach(sink: AnswerSink): void {
    this.sink = sink;
    this.pump();
    this.call.goOn();
  }

  resume(): void {
    this.isPaused = false;
    this.pump();
    this.call.goOn();
  }

  cancel(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.client.off('close', this.onClose);
    this.call.leave(this);
  }

  goesOn(): boolean {
    const { call } = this;
    if (this.isFollower || this.isDone || !(call.isEnded || call.isWantedBesides(this))) return false;
    this.isGone = true;
    this.resume();
    return true;
  }

  /** It is too far behind: its client is cut, and what it still has to take is taken at once. */
  cut(): void {
    this.isGone = true;
    this.client.destroy();
    this.isPaused = false;
    this.pump();
  }

  /** Gives the client what there is, as long as it takes it. */
  pump(): void {
    const { sink, call } = this;
    if (sink === null || this.isDone) return;
    while (!this.isPaused) {
      const bytes = call.next(this);
      if (bytes === null) break;
      this.isPaused = !sink.data(bytes) && !this.isGone;
    }
    if (this.isPaused || !call.isEnded) return;
    this.cancel();
    if (call.failure === null) sink.end();
    else sink.error(call.failure);
  }

  /** Once there is a sink, it is the sink's affair. */
  private readonly onClose = (): void => {
    if (this.sink !== null) return;
    if (this.isFollower || this.call.isAnswered) return this.settle('left');
    this.isGone = true;
    if (!this.call.isWantedBesides(this)) this.call.stop();
  };
}

const ANY_FORM: WantedForm = { acceptEncoding: '*', varyHash: () => '' };
