/**
 * `npm run docs` writes what documents take from the code: the table of environment variables and `.env.example`.
 * With `--check` it writes nothing and exits 1 when a file differs from what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import type { VariableTable } from '../platform/environment.js';
import {
  dotenvText,
  markdownTable,
  mergeVariables,
  requiredByCompose,
  type ProcessVariables,
} from './docs/environment-table.js';
import { replaceSection } from './docs/marked-section.js';

/** Process → the module whose exported tables it reads. The tiers come first: their words are the ones shown. */
const SOURCES = [
  { process: 'api', module: '../api/config.js' },
  { process: 'proxy', module: '../proxy/config.js' },
  { process: 'migrate', module: '../migrations/config.js' },
  { process: 'start', module: './start/config.js' },
];

async function readTables(): Promise<ProcessVariables[]> {
  const tables = await Promise.all(
    SOURCES.filter(({ module }) => existsSync(new URL(module, import.meta.url))).map(async ({ process, module }) => {
      const exported: unknown = await import(module);
      return Object.values(exported ?? {})
        .filter(isVariableTable)
        .map((table) => ({ process, table }));
    }),
  );
  return tables.flat();
}

function isVariableTable(value: unknown): value is VariableTable {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.values(value);
  return (
    entries.length > 0 &&
    entries.every((entry) => typeof entry === 'object' && entry !== null && 'defaultText' in entry)
  );
}

async function generated(): Promise<ReadonlyMap<string, string>> {
  const variables = mergeVariables(await readTables());
  const operations = readFileSync('docs/operations.md', 'utf8');
  const table = replaceSection(operations, 'environment', markdownTable(variables));
  const style = await resolveConfig('docs/operations.md');
  return new Map([
    ['docs/operations.md', await format(table, { ...style, parser: 'markdown' })],
    ['.env.example', dotenvText(variables, requiredByCompose(readFileSync('docker-compose.yml', 'utf8')))],
  ]);
}

let stale = 0;
for (const [path, text] of await generated()) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${path} is not what the code says: run \`npm run docs\`\n`);
    stale += 1;
  } else writeFileSync(path, text);
}
process.exitCode = stale > 0 ? 1 : 0;
