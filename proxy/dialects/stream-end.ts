/** Looking for a stream's end mark in a chunk's edges: a loop over a few bytes, no decoding, nothing allocated. */

/** White space and event syntax that may follow the mark. */
const TAIL_BYTES = 16;

/** Whether `mark` (ASCII) stands at the end of the chunk, at most `tailBytes` before it. */
export function endsWithText(chunk: Uint8Array, mark: string, tailBytes = TAIL_BYTES): boolean {
  const last = chunk.length - mark.length;
  const first = Math.max(0, last - tailBytes);
  for (let at = last; at >= first; at--) if (isTextAt(chunk, mark, at)) return true;
  return false;
}

/** Whether the chunk begins with `mark` (ASCII). */
export function startsWithText(chunk: Uint8Array, mark: string): boolean {
  return chunk.length >= mark.length && isTextAt(chunk, mark, 0);
}

function isTextAt(chunk: Uint8Array, mark: string, at: number): boolean {
  for (let i = 0; i < mark.length; i++) if (chunk[at + i] !== mark.charCodeAt(i)) return false;
  return true;
}
