/** The repository's own text files: what the checks and the metrics walk over. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.data', 'fixtures']);

/** Paths below `root` whose name ends as `ending` says, relative, with slashes, sorted. */
export function sourceFiles(root: string, ending: RegExp): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(path);
      else if (entry.isFile() && ending.test(entry.name)) found.push(path);
    }
  };
  walk('');
  return found.toSorted();
}
