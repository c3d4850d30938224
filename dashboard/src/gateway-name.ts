/** What the api takes for a gateway's name (schema/contracts/names.ts): told as it is typed. */

const GATEWAY_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

/** What is wrong with a name; null: nothing, or nothing was typed yet. */
export function gatewayNameProblem(name: string): string | null {
  if (name === '' || GATEWAY_NAME.test(name)) return null;
  if (name.length > 64) return 'Must be at most 64 characters';
  if (name.startsWith('-')) return 'Must not begin with -';
  return 'May hold letters of A to Z, digits, _ and - only';
}
