/**
 * Memory for the bodies of logs that answers hold, as text: a few stored bytes may become a thousand times as many. One
 * operation has so much, and all of an api together; what an operation took is free again when its answer is gone.
 */
import { rateLimited, tooComplex } from '../../errors.js';

/** Of one operation; a single log is always shown. */
const PAGE_BODY_BYTES_MAX = 32 * 1024 * 1024;
/** Of all operations together. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;

/** What one operation holds. */
export interface BodyRoom {
  /**
   * Takes bytes for so many further logs, or for what is known to have grown. Throws QUERY_TOO_COMPLEX where that is
   * more than an operation may hold, RATE_LIMITED where others hold it.
   */
  take(bytes: number, logs?: number): void;
  /** Its answer is gone. */
  close(): void;
}

export class BodyRooms {
  /** of operations that are still being answered */
  heldBytes = 0;
  /** operations refused because others held all */
  refused = 0;

  constructor(
    private readonly ofOneMax = PAGE_BODY_BYTES_MAX,
    private readonly totalMax = BODY_BYTES_MAX,
  ) {}

  open(): BodyRoom {
    let taken = 0;
    let logCount = 0;
    let isOpen = true;
    return {
      take: (bytes, logs = 0) => {
        if (!isOpen) throw tooComplex('Its caller has left.'); // nobody would hold it to its bound any more
        logCount += logs;
        if (logCount > 1 && taken + bytes > this.ofOneMax) {
          throw tooComplex(`The bodies of these logs are larger than ${this.ofOneMax} bytes: ask for fewer of them.`);
        }
        if (this.heldBytes > taken && this.heldBytes + bytes > this.totalMax) throw this.full();
        taken += bytes;
        this.heldBytes += bytes;
      },
      close: () => {
        isOpen = false;
        this.heldBytes -= taken;
        taken = 0;
      },
    };
  }

  private full(): Error {
    this.refused++;
    return rateLimited('Too many bodies of logs are being read: try again later.', 1);
  }
}
