/** The files of test/unit that jest.config.js lets share a suite. */

declare global {
  /** paths within test/unit, in order; of the project `unit-together` alone */
  var unitFiles: readonly string[];
}

/** Loads the files that are left when others take theirs in turn; their tests become those of the file that calls. */
export async function loadUnitFiles({ part, of }: { part: number; of: number }): Promise<void> {
  for (const [i, file] of globalThis.unitFiles.entries()) {
    if (i % of === part) await import(new URL(`../unit/${file}`, import.meta.url).href);
  }
}
