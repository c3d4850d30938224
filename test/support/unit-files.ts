/** The files of test/unit that jest.config.js lets share a suite. */

declare global {
  /** paths within test/unit, in order; of the project `unit-together` alone */
  var unitFiles: readonly string[];
}

/**
 * Loads one of several runs of neighbours, which share the most modules; their tests become those of the file that
 * calls.
 */
export async function loadUnitFiles({ part, of }: { part: number; of: number }): Promise<void> {
  const { unitFiles } = globalThis;
  const [from, to] = [part, part + 1].map((end) => Math.round((unitFiles.length * end) / of));
  for (const file of unitFiles.slice(from, to)) await import(new URL(`../unit/${file}`, import.meta.url).href);
}
