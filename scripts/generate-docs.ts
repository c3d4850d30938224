/**
 * `npm run docs` writes what documents take from the code: the table of environment variables, `.env.example`, the
 * tables of providers, the operations of GraphQL, and the JSON Schema of configuration files. With `--check` it writes
 * nothing and exits 1 when a file differs from what it would write.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { buildApiSchema } from '../api/graphql/schema.js';
import { API_VARIABLES } from '../api/config.js';
import { CLI_VARIABLES } from '../cli/config.js';
import { MIGRATION_VARIABLES } from '../migrations/config.js';
import { PROXY_VARIABLES } from '../proxy/config.js';
import { configJsonSchema } from '../schema/contracts/config-document.js';
import { createRegistry } from '../proxy/providers/registry.js';
import { dotenvText, markdownTable, mergeVariables, requiredByCompose } from './docs/environment-table.js';
import { allExamples } from './docs/graphql-examples/all-examples.js';
import { operationsSection, recordedAnswers } from './docs/graphql-page.js';
import { replaceSection } from './docs/marked-section.js';
import { exampleTable, providerTable } from './docs/provider-table.js';
import { START_VARIABLES } from './start/config.js';
import { VAULT_VARIABLES } from './vault/config.js';

/** The tiers come first: their words are the ones shown where several processes read a variable. */
const TABLES = [
  { process: 'api', table: API_VARIABLES },
  { process: 'proxy', table: PROXY_VARIABLES },
  { process: 'migrate', table: MIGRATION_VARIABLES },
  { process: 'vault', table: VAULT_VARIABLES },
  { process: 'start', table: { ...START_VARIABLES, ...MIGRATION_VARIABLES } },
  { process: 'prices', table: MIGRATION_VARIABLES },
  { process: 'tollgate', table: CLI_VARIABLES },
];

async function generated(): Promise<ReadonlyMap<string, string>> {
  const variables = mergeVariables(TABLES);
  const operations = readFileSync('docs/operations.md', 'utf8');
  const table = replaceSection(operations, 'environment', markdownTable(variables));
  const style = await resolveConfig('docs/operations.md');
  return new Map([
    ['docs/operations.md', await format(table, { ...style, parser: 'markdown' })],
    ['docs/graphql.md', await format(await graphqlPage(), { ...style, parser: 'markdown' })],
    ['docs/providers.md', await format(providersPage(), { ...style, parser: 'markdown' })],
    ['schema/config.schema.json', await format(JSON.stringify(configJsonSchema()), { ...style, parser: 'json' })],
    ['.env.example', dotenvText(variables, requiredByCompose(readFileSync('docker-compose.yml', 'utf8')))],
  ]);
}

function providersPage(): string {
  const registry = createRegistry(new Map(), null, { token: () => 'no token is made here' });
  const page = readFileSync('docs/providers.md', 'utf8');
  return replaceSection(replaceSection(page, 'providers', providerTable(registry)), 'examples', exampleTable(registry));
}

async function graphqlPage(): Promise<string> {
  const page = readFileSync('docs/graphql.md', 'utf8');
  const operations = operationsSection(buildApiSchema(), await allExamples(), recordedAnswers(page));
  return replaceSection(page, 'operations', operations);
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
