/** The checker: reads the witnesses' files and the ledger, compares, and says what it found. It changes nothing. */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { readQuarantine, readRows, readSpools } from '../ledger-rows.js';
import { reply } from '../messages.js';
import { readClientNotes, readUpstreamNotes } from '../notes.js';
import { RATES } from '../tenant.js';
import { compare, type Verdict } from '../verdict.js';

async function check(folder: string, accountId: string, databaseUrl: string): Promise<Verdict> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    await database.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'); // rows and numbers of one moment
    const rows = await readRows(database, accountId);
    const quarantine = await readQuarantine(database);
    const spools = await readSpools(database);
    const client = readClientNotes(folder);
    const upstream = readUpstreamNotes(folder);
    return { ...compare({ client, upstream, rows, quarantine, rates: RATES }), spools };
  } finally {
    await database.end();
  }
}

const { values } = parseArgs({
  options: { folder: { type: 'string' }, account: { type: 'string' }, database: { type: 'string' } },
});
const { folder, account, database } = values;
if (folder === undefined || account === undefined || database === undefined) {
  throw new Error('--folder, --account and --database say what to check');
}
process.on('disconnect', () => process.exit(0));
const verdict = await check(folder, account, database);
reply({ kind: 'verdict', verdict });
process.stdout.write(`${JSON.stringify(verdict)}\n`);
