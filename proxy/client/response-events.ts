/**
 * What one plain answer tells, to the few who listen: for nearly every answer two, of its `close`. An EventEmitter
 * makes two tables for each, and a wrapper round who listens once: 1.0 µs where this takes 0.1.
 */
import type { ResponseEvent } from './client-exchange.js';

type Listener = () => void;

interface Heard {
  readonly event: ResponseEvent;
  readonly listener: Listener;
  readonly isOnce: boolean;
  /** the number of the first telling that it hears */
  from: number;
  next: Heard | null;
}

const NEVER = 0x3fff_ffff; // as small as V8's small integers

/** As an EventEmitter, but that one who is taken out by another while an event is told does not hear it any more. */
export class ResponseEvents {
  /** in the order in which they came */
  private first: Heard | null = null;
  private tellings = 0;

  on(event: ResponseEvent, listener: Listener): this {
    return this.add(event, listener, false);
  }

  once(event: ResponseEvent, listener: Listener): this {
    return this.add(event, listener, true);
  }

  /** Takes out the one that came last, if it came several times. */
  off(event: ResponseEvent, listener: Listener): this {
    let found: Heard | null = null;
    for (let one = this.first; one !== null; one = one.next) {
      if (one.event === event && one.listener === listener) found = one;
    }
    if (found !== null) this.remove(found);
    return this;
  }

  /** Whether anybody heard it. Those who begin to listen meanwhile do not. */
  emit(event: ResponseEvent): boolean {
    if (this.first === null) return false;
    const telling = (this.tellings += 1);
    let isHeard = false;
    for (let one: Heard | null = this.first; one !== null; one = one.next) {
      if (one.event !== event || one.from > telling) continue;
      isHeard = true;
      if (one.isOnce) this.remove(one);
      one.listener();
    }
    return isHeard;
  }

  private add(event: ResponseEvent, listener: Listener, isOnce: boolean): this {
    const added: Heard = { event, listener, isOnce, from: this.tellings + 1, next: null };
    let last = this.first;
    while (last !== null && last.next !== null) last = last.next;
    if (last === null) this.first = added;
    else last.next = added;
    return this;
  }

  /** What stood behind it still does, for a telling that has come to it. */
  private remove(gone: Heard): void {
    gone.from = NEVER;
    let before = this.first;
    if (before === gone) this.first = gone.next;
    while (before !== null && before.next !== gone) before = before.next;
    if (before !== null) before.next = gone.next;
  }
}
