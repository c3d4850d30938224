/** Lines of CSV (RFC 4180) that a spreadsheet shows and never runs. */

/**
 * What makes a spreadsheet take a text for a formula, the full-width forms too; a tab or a line end may stand before
 * it.
 */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]/u;

/** A program that takes semicolons or tabs for separators begins a cell there, whatever is quoted. */
const FORMULA_INSIDE = /[;\t](?=(?:(?![;\t])[\s\p{Cc}\p{Cf}])*[=+\-@＝＋－＠])/gu;

/** Texts that would be formulas begin with an apostrophe; numbers are left as they are, and what is absent is empty. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  const text =
    typeof value === 'string'
      ? value
      : JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
  const isNumber = /^-?\d+(?:\.\d+)?$/.test(text);
  const shown = `${!isNumber && FORMULA.test(text) ? "'" : ''}${text.replaceAll(FORMULA_INSIDE, "$&'")}`;
  return /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
}
