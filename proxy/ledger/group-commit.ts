/**
 * Makes what was added to the spool safe, many records at a time. All that settle in one turn of the event loop go on
 * together at its end: their answers then leave back to back, the first wakes whoever receives them, and the others
 * find him awake. Alone, each costs a wake-up, a sixth of a request.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { withoutRecords } from './frames.js';
import type { SpoolWriter } from './spool-writer.js';

/** Between two attempts to write on a disk that takes nothing. */
const DISK_RETRY_MS = 250;

export interface GroupCommitOptions {
  readonly writer: SpoolWriter;
  /** whether safe means synced */
  readonly isSynced: boolean;
  /** brings frames to safety that the disk does not take; rejects when that cannot be done now */
  readonly shipFrames: (frames: Buffer) => Promise<void>;
  readonly onProblem: (problem: string, error: unknown) => void;
}

export class GroupCommit {
  failedWrites = 0;
  /** the end of the present turn; null: nothing waits for it yet */
  private turn: Promise<void> | null = null;
  private writes: Promise<void> | null = null;
  private waiting: (() => void)[] = [];
  private isBusy = false;

  constructor(private readonly options: GroupCommitOptions) {}

  /** Resolves when all that was added so far is safe. Never rejects: what cannot be written anywhere is waited for. */
  whenSafe(): Promise<void> {
    return (this.turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.turn = null;
        this.commit(resolve);
      });
    }));
  }

  /** Resolves when all that was added so far, and in this turn, is written. Rejects with what the disk says. */
  whenWritten(): Promise<void> {
    return (this.writes ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.writes = null;
        try {
          this.options.writer.write();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    }));
  }

  private commit(resolve: () => void): void {
    if (!this.options.isSynced && !this.isBusy && this.isWritten()) return resolve();
    this.waiting.push(resolve);
    if (!this.isBusy) void this.commitWaiting();
    return undefined;
  }

  /** Tries to write what is still to be written; false: the disk takes nothing. */
  isWritten(): boolean {
    try {
      this.options.writer.write();
      return true;
    } catch {
      return false; // tried again behind, where its error is told
    }
  }

  private async commitWaiting(): Promise<void> {
    this.isBusy = true;
    while (this.waiting.length > 0) {
      const safe = this.waiting;
      this.waiting = [];
      await this.makeSafe();
      for (const resolve of safe) resolve();
    }
    this.isBusy = false;
  }

  /** On the disk; else in Postgres; else again, until one of them takes it. */
  private async makeSafe(): Promise<void> {
    const { writer, isSynced, shipFrames, onProblem } = this.options;
    for (;;) {
      try {
        if (isSynced) await writer.sync();
        else writer.write();
        return;
      } catch (error) {
        this.failedWrites += 1;
        onProblem('the spool could not be written; its records go to Postgres directly', error);
      }
      const frames = writer.takeUnsafe();
      try {
        await shipFrames(frames);
        writer.putBack(withoutRecords(frames, writer.key)); // of requests that are open, only the disk can tell an heir
        return;
      } catch (error) {
        writer.putBack(frames);
        onProblem('usage records can be written neither to the spool nor to Postgres; they are tried again', error);
      }
      await delay(DISK_RETRY_MS);
    }
  }
}
