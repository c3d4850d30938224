/** A part of a hand-written document that a generator owns, between two HTML comments. */

/** `text` with the section `name` replaced. Throws when the document lacks the markers: it would silently go stale. */
export function replaceSection(text: string, name: string, body: string): string {
  const begin = `<!-- begin generated: ${name} -->`;
  const end = `<!-- end generated: ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) throw new Error(`The section "${name}" has no markers in this document.`);
  return `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`;
}
