/** Differences between two JSON values, for people: the api's own between versions, and those of audit events. */

export interface Change {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Deeper parts are compared as a whole. */
const DEPTH_MAX = 4;

/** From one value to another: objects by their fields, all else as a whole. What both have alike is left out. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const [from, to] = [asObject(before), asObject(after)];
  // an event that made or ended something has one side alone: its fields are told as they are
  if (from === null && to === null) return before === after ? [] : [{ path: 'value', before, after }];
  return fieldChanges('', from ?? {}, to ?? {});
}

function fieldChanges(prefix: string, before: JsonObject, after: JsonObject): Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name): Change[] => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const [from, to] = [valueAt(before, name), valueAt(after, name)];
    if (JSON.stringify(from) === JSON.stringify(to)) return [];
    const [inner, outer] = [asObject(from), asObject(to)];
    // what was made or ended with it has one side alone, as it has itself
    const isOfFields = (inner ?? from ?? null) === inner && (outer ?? to ?? null) === outer;
    const isDeep = path.split('.').length >= DEPTH_MAX;
    const changes = isOfFields && !isDeep ? fieldChanges(path, inner ?? {}, outer ?? {}) : [];
    return changes.length === 0 ? [{ path, before: from, after: to }] : changes;
  });
}

/** A value in one line; what is not there is a dash. */
export function changeText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

type JsonObject = Readonly<Record<string, unknown>>;

const asObject = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;

const valueAt = (object: JsonObject, name: string): unknown => (Object.hasOwn(object, name) ? object[name] : null);
