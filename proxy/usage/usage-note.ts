/** What a record says of its usage and its metadata, in words: several notes are one text. */

/** Null: there is nothing to say. */
export function joinNotes(first: string | null, second: string | null): string | null {
  if (first === null || second === null) return first ?? second;
  return `${first}; ${second}`;
}
