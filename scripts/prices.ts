/**
 * `npm run prices -- import FILE …`: price documents that are too large for the mutation; exits 1 when one is refused.
 */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PriceImportService, PriceListService, type PriceImportReport } from '../api/modules/pricing/index.js';
import { Database } from '../api/tenancy/database.js';
import { readMigrationConfig } from '../migrations/config.js';
import { errorMessage } from '../platform/error-code.js';
import { PooledConnection } from '../platform/postgres.js';
import { createDataSource } from '../schema/data-source.js';

const USAGE = `npm run prices -- import FILE [--format tollgate|litellm] [--mode merge|replace|fill] [--source TEXT] [--dry-run]
--mode merge (the default): the file's models go before the list's; replace: it is the whole list; fill: only models that
have no price. Reads MIGRATION_DATABASE_URL, or else DATABASE_URL. docs/prices.md tells the formats.
`;
const FORMATS = { tollgate: 'TOLLGATE', litellm: 'LITELLM' } as const;
const MODES = { merge: 'MERGE', replace: 'REPLACE', fill: 'FILL' } as const;
const STATEMENT_TIMEOUT_MS = 60_000;
const LINES_SHOWN_MAX = 200;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`);
  process.exitCode = 1;
}

/** The exit code. */
async function run(args: readonly string[]): Promise<number> {
  const options = {
    format: { type: 'string', default: 'tollgate' },
    mode: { type: 'string', default: 'merge' },
    source: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [command, file] = positionals;
  const format = Object.entries(FORMATS).find(([name]) => name === values.format)?.[1];
  const mode = Object.entries(MODES).find(([name]) => name === values.mode)?.[1];
  if (command !== 'import' || file === undefined || format === undefined || mode === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const document = readFileSync(file, 'utf8');
  const dryRun = values['dry-run'];
  const source = values.source ?? null;
  const report = await withImports((imports) =>
    imports.import({ format, document, mode, source, dryRun, importedBy: 'command line' }),
  );
  process.stdout.write(`${reportText(report, dryRun)}\n`);
  return 0;
}

async function withImports<T>(work: (imports: PriceImportService) => Promise<T>): Promise<T> {
  const { connectionString } = readMigrationConfig(process.env);
  const dataSource = createDataSource({
    url: connectionString,
    applicationName: 'tollgate-prices',
    connection: PooledConnection,
    connectionsMax: 1,
    queryTimeoutMs: STATEMENT_TIMEOUT_MS + 1_000,
    onError: (error) => void process.stderr.write(`${error.message}\n`),
  });
  await dataSource.initialize();
  try {
    const database = new Database(dataSource, { statementTimeoutMs: STATEMENT_TIMEOUT_MS });
    // The proxies find the new list in the outbox, within a second.
    return await work(new PriceImportService(new PriceListService(database, () => Promise.resolve()), false));
  } finally {
    await dataSource.destroy();
  }
}

function reportText({ version, models, differences, ignored, rounded }: PriceImportReport, dryRun: boolean): string {
  const changes = differences.map(({ kind, provider, model, rates }) =>
    [
      `${kind} ${provider}/${model}`,
      ...rates.map(({ condition, unit, from, to }) => {
        const when = condition === null ? '' : ` (${condition})`;
        return `  ${unit}${when}: ${from ?? 'none'} -> ${to ?? 'none'}`;
      }),
    ].join('\n'),
  );
  return [
    ...bounded('changes', changes),
    ...bounded('not taken over', ignored),
    ...bounded('rounded to a pico-USD', rounded),
    dryRun
      ? `${differences.length} models would change of ${models}; nothing was imported. In force: version ${version}.`
      : `${differences.length} models changed of ${models}. In force: version ${version}.`,
  ].join('\n');
}

function bounded(what: string, lines: readonly string[]): string[] {
  const shown = lines.slice(0, LINES_SHOWN_MAX);
  const left = lines.length - shown.length;
  if (lines.length === 0) return [];
  return [`${what}:`, ...shown, ...(left > 0 ? [`… and ${left} more`] : [])];
}
