/**
 * The pages before the one that a list shows. They stand in the state of the browser's entry, which drawers that open
 * and close take along: to go back in history would go back through these.
 */

const KEY = 'formerCursors';
/** Whoever came further goes back this far, then to the first page. */
const FORMER_MAX = 200;

/** Cursors of the pages between the first and the shown one, the nearest last; none for an address from elsewhere. */
export function formerCursors(state: unknown, name: string): readonly string[] {
  const list = fieldsOf(fieldsOf(state)[KEY])[name];
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
}

/** The state with other ones for the list `name`. */
export function withFormerCursors(state: unknown, name: string, cursors: readonly string[]): object {
  const before = fieldsOf(state);
  return { ...before, [KEY]: { ...fieldsOf(before[KEY]), [name]: cursors.slice(-FORMER_MAX) } };
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
