/** An answer as the page shows it: what differs from run to run is replaced by what always stands there. */
import { FIXTURES, type FixtureName } from '../../../scripts/docs/graphql-examples/example.js';
import type { ExampleFixtures } from './fixtures.js';

/** Times that no fixture has. */
const ANY_TIME = '2026-11-28T12:00:00.000Z';
const CURSORS = new Set(['cursor', 'startCursor', 'endCursor']);

/** By form, those that hold others first. The fixtures' own values are replaced before. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/\btgt_[0-9A-Za-z]{40}\b/g, 'tgt_Zk3mV9sQ0aXc7LwB2nYt5RuEp8HgJd1F6oK4iT'],
  [/\btgs_[\w-]{43}/g, 'tgs_Qm7xK2vR9cWd4LzT0bNy5HsJf8GpAe1U6oI3iVkE_Xq'],
  [/\btgi_[\w-]{43}/g, 'tgi_Wd3kP8nQ1rYs6XvC0mTb4ZjLh9FgUe2A7oI5iKqN_Rt'],
  [/\btgr_[\w-]{43}/g, 'tgr_Hb6mS2wE9tXk4QzV1pLc7YnJd0RfGa3U8oI5iTqK_Wv'],
  [/\btgt_[0-9A-Za-z]{4,10}\b/g, 'tgt_Zk3m'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, ANY_TIME],
  [/\b[0-9a-f]{32}\b/g, 'a81bc0de9f7243f6b5c4d3e2f1a09876'],
];
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** `varies`: numbers that are shown as 0 (in a text of digits too), other texts as … */
export function withStandIns(
  answer: unknown,
  values: ExampleFixtures['values'],
  varies: readonly string[] = [],
): unknown {
  const ids = new Map<string, string>();
  const idOf = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `0193a0c0-0000-7000-8000-0000000001${String(ids.size).padStart(2, '0')}`);
    return ids.get(id) ?? id;
  };
  // The entries of an object literal whose keys are these; the longest value first, for one may hold another.
  const named = (Object.entries(values) as [FixtureName, string][]).toSorted(([, a], [, b]) => b.length - a.length);
  const shown = new Set<string>(Object.values(FIXTURES));
  const text = (value: string): string => {
    // A date is the beginning of every time of its day: it counts alone only.
    const whole = named.find(([name, real]) => name.endsWith('.date') && real === value);
    if (whole !== undefined) return FIXTURES[whole[0]];
    const parts = named.filter(([name]) => !name.endsWith('.date'));
    const known = parts.reduce((rest, [name, real]) => rest.replaceAll(real, `\u0000${name}\u0000`), value);
    const formed = FORMS.reduce((rest, [form, standIn]) => rest.replaceAll(form, standIn), known);
    return formed
      .replaceAll(UUID, (id) => (shown.has(id) ? id : idOf(id)))
      .replaceAll(/\u0000([\w.]+)\u0000/g, (_all, name: string) => FIXTURES[name as FixtureName]); // put in above
  };
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string' && varies.includes(key)) return /^\d+$/.test(value) ? '0' : '…';
    if (typeof value === 'string') return CURSORS.has(key) ? 'eyJhIGN1cnNvcg' : text(value);
    if (typeof value === 'number') return varies.includes(key) ? 0 : value;
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
  };
  return walk(answer, '');
}
