/**
 * Requests at a steady rate, whether earlier ones were answered or not, as callers make who know nothing of each other.
 */
import type { Connection } from './connection.js';
import { monotonicUs } from './sent-times.js';

const TICK_MS = 1;

export class Pace {
  private readonly idle: Connection[] = [];
  /** when those were due for which no connection was idle: their waiting counts */
  private readonly dueUs: number[] = [];
  private readonly timer: NodeJS.Timeout;
  private readonly startedUs = monotonicUs();
  private begun = 0;
  private isOver = false;

  constructor(private readonly perSecond: number) {
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** A connection that may be sent on. */
  take(connection: Connection): void {
    if (this.isOver) return connection.end();
    const dueUs = this.dueUs.shift();
    if (dueUs === undefined) this.idle.push(connection);
    else connection.send(dueUs);
  }

  /** No more; ends the idle ones, and those that become so. */
  end(): void {
    this.isOver = true;
    clearInterval(this.timer);
    for (const connection of this.idle.splice(0)) connection.end();
  }

  private tick(): void {
    const nowUs = monotonicUs();
    const due = Math.floor(((nowUs - this.startedUs) / 1_000_000) * this.perSecond);
    for (; this.begun < due; this.begun++) {
      const connection = this.idle.pop();
      if (connection === undefined) this.dueUs.push(nowUs);
      else connection.send(nowUs);
    }
  }
}
