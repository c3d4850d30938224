/** The services of one test run: a Postgres with a migrated template database, and a folder for what tests start. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../../migrations/run.js';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { handToTestFiles, testConfig } from './config.js';
import { utcDay } from './postgres.js';
import { makeRunFolder, removeAbandonedRuns } from './run-folder.js';

let stop = async (): Promise<void> => undefined;

export async function startServices(): Promise<void> {
  await removeAbandonedRuns();
  const folder = makeRunFolder();
  const postgres = await postgresOf(folder);
  const template = new URL(postgres.url);
  template.pathname = `/tollgate_template_${process.pid}`;
  await createDatabase(postgres.url, template.pathname.slice(1));
  const templateDay = utcDay();
  await migrate(template.href);
  handToTestFiles({ templateUrl: template.href, templateDay, runFolder: folder });
  stop = async () => {
    await dropDatabase(postgres.url, template.pathname.slice(1));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

export const stopServices = (): Promise<void> => stop();

async function postgresOf(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  if (testConfig.TEST_DATABASE_URL !== undefined) {
    return { url: testConfig.TEST_DATABASE_URL, stop: () => Promise.resolve() };
  }
  // Tests lose nothing in a power cut.
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'scram_iterations=1'];
  const postgres = await startEmbeddedPostgres({ dataDir: path.join(folder), log: () => undefined, settings });
  // Hashed anew, with one round for 4 096: a run makes thousands of connections, each of which hashes it on both sides.
  await execute(postgres.url, `ALTER ROLE tollgate PASSWORD '${new URL(postgres.url).password}'`);
  return postgres;
}

const createDatabase = (url: string, name: string): Promise<void> => execute(url, `CREATE DATABASE ${name}`);
const dropDatabase = (url: string, name: string): Promise<void> => execute(url, `DROP DATABASE ${name} WITH (FORCE)`);

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
