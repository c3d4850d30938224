/** Without what is null: arguments that were not given are left out of a question. */
export function withoutNull<Given extends Readonly<Record<string, unknown>>>(
  given: Given,
): {
  [Name in keyof Given]?: Exclude<Given[Name], null>;
} {
  const present = Object.entries(given).filter(([, value]) => value !== null);
  // what is left of it has the same names, and is null nowhere
  return Object.fromEntries(present) as { [Name in keyof Given]?: Exclude<Given[Name], null> };
}
