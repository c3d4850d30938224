/**
 * An answer that nobody will see, because another attempt follows: its rest is read and dropped, so that its connection
 * can be used again, within bounds; beyond them the connection is closed.
 */
import type { UpstreamAnswer } from '../upstream/upstream-exchange.js';

const DROPPED_BYTES_MAX = 64 * 1024;
const LINGER_MS = 2_000;

export function dropAnswer(answer: UpstreamAnswer): void {
  let bytes = 0;
  const cancel = (): void => answer.cancel();
  const timer = setTimeout(cancel, LINGER_MS).unref();
  const isOver = (): void => clearTimeout(timer);
  answer.attach({
    data(chunk) {
      bytes += chunk.length;
      if (bytes > DROPPED_BYTES_MAX) {
        isOver();
        cancel();
      }
      return true;
    },
    end: isOver,
    error: isOver,
  });
}
