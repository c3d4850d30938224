/** Every `*.examples.ts` of this folder, found by its name: whoever adds an operation adds a file and edits no list. */
import { readdirSync } from 'node:fs';
import type { GraphqlExamples } from './example.js';

/** By coordinate; throws when two files have the same one. */
export async function allExamples(): Promise<GraphqlExamples> {
  const all: Record<string, GraphqlExamples[string]> = {};
  const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.examples.js'));
  for (const file of files.toSorted()) {
    const { EXAMPLES } = (await import(`./${file}`)) as { EXAMPLES: GraphqlExamples }; // what each of them exports
    for (const [coordinate, example] of Object.entries(EXAMPLES)) {
      if (coordinate in all) throw new Error(`Two examples of ${coordinate}: one of them is in ${file}.`);
      all[coordinate] = example;
    }
  }
  return all;
}
