/**
 * Looking for a stream's end mark in a chunk's edges, without decoding or allocating. A mark must be a whole line: no
 * JSON string holds a raw line end, so no model can write one and end its own metering.
 */
const LF = 10;
const CR = 13;
const SPACE = 32;

/** A dialect's `endsStream` when its streams have no end mark: the end of the body is the end. */
export const NO_END_MARK = (): boolean => false;

/** Whether the chunk ends with the line `mark` (ASCII, given without spaces: those in the chunk do not count). */
export function endsWithLine(chunk: Uint8Array, mark: string): boolean {
  let at = chunk.length - 1;
  if (!isLineEnd(chunk[at])) return false;
  while (isLineEnd(chunk[at])) at -= 1;
  for (let i = mark.length - 1; i >= 0; i--) {
    while (chunk[at] === SPACE) at -= 1;
    if (at < 0 || chunk[at] !== mark.charCodeAt(i)) return false;
    at -= 1;
  }
  return at < 0 || isLineEnd(chunk[at]);
}

/** Whether the chunk begins with the line `mark` (ASCII), and ends with a blank one. */
export function isWholeEvent(chunk: Uint8Array, mark: string): boolean {
  if (chunk.length <= mark.length || !isLineEnd(chunk[mark.length])) return false;
  for (let i = 0; i < mark.length; i++) if (chunk[i] !== mark.charCodeAt(i)) return false;
  return chunk.at(-1) === LF && (chunk.at(-2) === LF || (chunk.at(-2) === CR && chunk.at(-3) === LF));
}

/** LF or CR: a line ends by either, or both. */
export const isLineEnd = (byte: number | undefined): boolean => byte === LF || byte === CR;
