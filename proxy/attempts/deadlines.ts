/**
 * The time limits of attempts. Nearly all have one of a few, and those of one limit are due in the order in which they
 * began: a list of them needs one timer, that of its first. Hardly an attempt reaches its limit, and a timer of Node's
 * own, made and cleared, costs it three times what a place in a list does (1.4 µs and 0.4 in a loop on a busy machine).
 */

/** Who is told when its time is up. */
export interface Timed {
  onTime(): void;
}

/** Limits that have a list; whoever has another one beyond that has a list, and so a timer, of its own. */
const LISTS_MAX = 64;

export class Deadlines {
  private readonly lists = new Map<number, DeadlineList>();

  /**
   * Tells `timed` in `timeoutMs`, unless that is cleared before. Keeps no process alive that has nothing else to do.
   */
  set(timeoutMs: number, timed: Timed): Deadline {
    const list = this.lists.get(timeoutMs) ?? this.newList(timeoutMs);
    const deadline = new Deadline(list, timed, performance.now() + timeoutMs);
    list.add(deadline);
    return deadline;
  }

  private newList(timeoutMs: number): DeadlineList {
    if (this.lists.size >= LISTS_MAX) return new DeadlineList(timeoutMs, null);
    const list = new DeadlineList(timeoutMs, () => void this.lists.delete(timeoutMs));
    this.lists.set(timeoutMs, list);
    return list;
  }
}

/** One attempt's place in the list of its limit. */
export class Deadline {
  previous: Deadline | null = null;
  next: Deadline | null = null;
  isOver = false;

  /** @param dueMs by `performance.now()`, which no change of the system's time moves */
  constructor(
    private readonly list: DeadlineList,
    readonly timed: Timed,
    readonly dueMs: number,
  ) {}

  /** Nobody is told any more. */
  clear(): void {
    if (!this.isOver) this.list.remove(this);
  }
}

class DeadlineList {
  private first: Deadline | null = null;
  private last: Deadline | null = null;
  /** runs on when the list is empty, for those that come next */
  private timer: NodeJS.Timeout | null = null;

  /** @param onUnused it was empty when its timer ended; null: it is for one attempt, and has no timer without it */
  constructor(
    private readonly timeoutMs: number,
    private readonly onUnused: (() => void) | null,
  ) {}

  add(deadline: Deadline): void {
    const { last } = this;
    deadline.previous = last;
    if (last === null) this.first = deadline;
    else last.next = deadline;
    this.last = deadline;
    if (this.timer === null) this.startTimer(this.timeoutMs);
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    deadline.isOver = true;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.last = previous;
    else next.previous = previous;
    deadline.previous = deadline.next = null;
    if (this.onUnused === null && this.timer !== null) clearTimeout(this.timer);
  }

  private startTimer(ms: number): void {
    this.timer = setTimeout(this.onTimer, ms).unref();
  }

  private readonly onTimer = (): void => {
    const nowMs = performance.now();
    try {
      for (let due = this.first; due !== null && due.dueMs <= nowMs; due = this.first) {
        this.remove(due);
        due.timed.onTime();
      }
    } finally {
      // Node's timers may be a fraction of a millisecond early.
      if (this.first !== null) this.startTimer(Math.ceil(this.first.dueMs - nowMs));
      else {
        this.timer = null;
        this.onUnused?.();
      }
    }
  };
}
