/**
 * Looks ten times a second whether the process keeps up: how late its event loop comes to a timer, and how full its
 * heap is. One late turn is a pause (a collection, a busy neighbour), and nothing is refused for it; several in a row
 * are a queue that does not get shorter. Being busy all of the time is no fault as long as nothing waits
 * (docs/decisions/0038).
 */
import { getHeapStatistics } from 'node:v8';
import type { RequestSlots } from './request-slots.js';

const INTERVAL_MS = 100;
/** A turn of the event loop that takes longer is late. */
const LATE_MS = 100;
/** So many late turns in a row are no pause any more. */
const LATE_TURNS = 3;
/** Of what V8 lets the heap grow to. */
const HEAP_SHARE_MAX = 0.85;
const HEAP_EVERY = 10;

/** What is looked at; for tests. */
export interface LoadSenses {
  /** ms of a clock that never goes back */
  readonly now: () => number;
  /** 0 … 1 */
  readonly heapShare: () => number;
}

const LOAD_SENSES: LoadSenses = {
  now: () => performance.now(),
  heapShare() {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return used / limit;
  },
};

export class LoadWatch {
  /** how late the last look came, and how many came late in a row */
  lateMs = 0;
  private lateTurns = 0;
  private looks = 0;
  private isHeapFull = false;
  private lookedAtMs: number;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly slots: Pick<RequestSlots, 'narrow' | 'widen'>,
    private readonly senses: LoadSenses = LOAD_SENSES,
  ) {
    this.lookedAtMs = senses.now();
  }

  start(): void {
    this.lookedAtMs = this.senses.now();
    this.timer = setInterval(() => this.look(), INTERVAL_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  look(): void {
    const nowMs = this.senses.now();
    this.lateMs = Math.max(0, nowMs - this.lookedAtMs - INTERVAL_MS);
    this.lookedAtMs = nowMs;
    this.lateTurns = this.lateMs > LATE_MS ? this.lateTurns + 1 : 0;
    if (this.looks++ % HEAP_EVERY === 0) this.isHeapFull = this.senses.heapShare() > HEAP_SHARE_MAX;
    if (this.lateTurns >= LATE_TURNS || this.isHeapFull) this.slots.narrow();
    else if (this.lateTurns === 0) this.slots.widen();
  }
}
