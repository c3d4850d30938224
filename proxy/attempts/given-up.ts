/**
 * An attempt that another one follows: it is noted, and its answer, which nobody will see, is read to its end and
 * dropped, so that its connection can be used again, within bounds; beyond them the connection is closed.
 */
import { NOTHING_USED } from '../dialects/dialect.js';
import type { AttemptNotes, Forwarded, UpstreamCall } from '../exchange.js';
import type { UpstreamAnswer } from '../upstream/upstream-exchange.js';
import { readingOfGivenUp } from '../usage/given-up-call.js';

const DROPPED_BYTES_MAX = 64 * 1024;
const LINGER_MS = 2_000;

/** As everywhere: an answer that is an error bills nothing. */
export function giveUp(
  call: UpstreamCall,
  forwarded: Exclude<Forwarded, { kind: 'client-left' }>,
  notes: AttemptNotes,
): void {
  const isAnswered = forwarded.kind === 'answered';
  const statusCode = isAnswered ? forwarded.answer.statusCode : forwarded.error.definition.status;
  const errorCode = forwarded.attempt?.errorCode ?? null;
  const reading = isAnswered ? NOTHING_USED : readingOfGivenUp(call, forwarded);
  notes.gaveUp({ forwarded, statusCode, errorCode, reading });
  if (isAnswered) drop(forwarded.answer);
}

function drop(answer: UpstreamAnswer): void {
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
