/** Headers of a custom provider as they are typed, row by row, and as the api takes them. */

export interface HeaderRow {
  readonly name: string;
  readonly value: string;
}

/** What would be lost of them; null: nothing. Names are alike whatever their case is. */
export function headersProblem(rows: readonly HeaderRow[]): string | null {
  const names = rows.map(({ name }) => name.toLowerCase());
  const nameless = rows.findIndex(({ name, value }) => name === '' && value !== '');
  if (nameless >= 0) return `Header ${nameless + 1} has a value and no name.`;
  const second = names.findIndex((name, index) => name !== '' && names.indexOf(name) < index);
  return second < 0 ? null : `Header ${second + 1} has the name of another one.`;
}

/** null: none. A row without a name, which has no value either, is none. */
export function headersOf(rows: readonly HeaderRow[]): Readonly<Record<string, string>> | null {
  const named = rows.filter(({ name }) => name !== '');
  return named.length === 0 ? null : Object.fromEntries(named.map(({ name, value }) => [name, value]));
}
