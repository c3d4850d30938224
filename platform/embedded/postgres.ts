/**
 * The embedded Postgres: a real server from npm's binaries, on loopback only, with a random password, in DATA_DIR.
 * It outlives a killed parent, and the next start adopts it. Whoever started or adopted it stops it, last of all.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { commandOf, endProcess, isAlive } from '../running-process.js';
import { freePort } from '../listen.js';
import { openLogFile, tailOf } from '../log-file.js';
import { privateText } from '../private-text.js';
import { postgresBinaries } from './postgres-binaries.js';
import { initialiseCluster } from './postgres-cluster.js';
import { postgresFolder, type PostgresFolder } from './postgres-folder.js';

const START_TIMEOUT_MS = 60_000; // crash recovery of a large cluster may take this long
const STOP_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 2_000;

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** server settings beyond ours, for instance `fsync=off` in tests */
  readonly settings?: readonly string[];
  /** of loopback; default: a free one, another at each start */
  readonly port?: number;
}

export interface EmbeddedPostgres {
  /** of the database `tollgate`, with the password */
  readonly url: string;
  /** of the postmaster */
  readonly pid: number;
  /** true when it was already running, left over from a killed start */
  readonly adopted: boolean;
  /** stops the server: open connections are cut, everything committed is on disk */
  stop(): Promise<void>;
}

/** Starts (or adopts) the Postgres of `dataDir`. Throws with the end of its log when it does not come up. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = postgresFolder(options.dataDir);
  const logFile = path.join(options.dataDir, 'logs', 'postgres.log');
  const password = privateText(path.join(options.dataDir, 'postgres-password'));
  const adopted = await runningPostmaster(folder, password);
  if (adopted !== null) {
    options.log(`Postgres still runs from an earlier start (pid ${adopted.pid}); using it.`);
    await untilReady(folder, adopted.pid, logFile);
  } else if (!existsSync(folder.cluster)) {
    options.log(`Making a Postgres cluster in ${folder.home}.`);
    await initialiseCluster({ binaries: binariesOf(folder), folder, password });
  }
  const { pid, port } = adopted ?? (await launch(folder, logFile, options));
  await ensureDatabase(port, password);
  return { url: urlOf(port, password, 'tollgate'), pid, adopted: adopted !== null, stop: () => stop(pid) };
}

interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

const urlOf = (port: number, password: string, database: string): string =>
  `postgresql://tollgate:${password}@127.0.0.1:${port}/${database}`;

const binariesOf = (folder: PostgresFolder): string =>
  postgresBinaries(folder.owner?.uid ?? process.getuid?.() ?? 0, folder.home);

const stop = (pid: number): Promise<void> =>
  // SIGINT is Postgres's "fast" shutdown; after SIGQUIT the next start recovers from the log.
  endProcess(pid, { signal: 'SIGINT', lastSignal: 'SIGQUIT', timeoutMs: STOP_TIMEOUT_MS });

/** What `postmaster.pid` says: line 1 the pid, line 4 the port, line 8 the state. */
function pidFileOf(folder: PostgresFolder): (Postmaster & { readonly isReady: boolean }) | null {
  try {
    const lines = readFileSync(path.join(folder.cluster, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
  } catch {
    return null;
  }
}

/** The live postmaster of this cluster, or null. Removes a pid file whose pid was given to another program since. */
async function runningPostmaster(folder: PostgresFolder, password: string): Promise<Postmaster | null> {
  const found = pidFileOf(folder);
  if (found === null || !isAlive(found.pid)) return null; // Postgres itself clears up after a crash
  if (commandOf(found.pid)?.includes(folder.cluster)) return found;
  // Two postmasters on one cluster would destroy it, and its folder may have been moved: nobody else knows the
  // password.
  if (await opens(found.port, password)) return found;
  rmSync(path.join(folder.cluster, 'postmaster.pid')); // Postgres would take the stranger for another postmaster
  return null;
}

async function launch(folder: PostgresFolder, logFile: string, options: EmbeddedPostgresOptions): Promise<Postmaster> {
  const port = options.port ?? (await freePort());
  const program = path.join(binariesOf(folder), 'bin', 'postgres');
  const log = openLogFile(logFile);
  const child = spawn(program, serverArguments(folder.cluster, port, options.settings ?? []), {
    ...folder.owner,
    cwd: folder.home,
    detached: true, // its own process group: Ctrl-C must not stop it under a draining api
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  await once(child, 'spawn'); // rejects when the program cannot be run
  child.unref();
  const pid = child.pid ?? 0;
  await untilReady(folder, pid, logFile);
  return { pid, port };
}

function serverArguments(cluster: string, port: number, settings: readonly string[]): string[] {
  const all = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    'log_min_error_statement=panic', // statements carry tenants' data
    ...settings,
  ];
  return ['-D', cluster, ...all.flatMap((setting) => ['-c', setting])];
}

async function untilReady(folder: PostgresFolder, pid: number, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = pidFileOf(folder);
    if (found?.pid === pid && found.isReady) return;
    if (commandOf(pid) === null || Date.now() > deadline) {
      throw new Error(`The embedded Postgres did not start. The end of its log:\n${tailOf(logFile)}`);
    }
    await delay(10);
  }
}

async function opens(port: number, password: string): Promise<boolean> {
  try {
    await (await connect(port, password)).end();
    return true;
  } catch {
    return false;
  }
}

async function ensureDatabase(port: number, password: string): Promise<void> {
  const client = await connect(port, password);
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'tollgate'");
    if (rowCount === 0) await client.query('CREATE DATABASE tollgate');
  } finally {
    await client.end();
  }
}

async function connect(port: number, password: string): Promise<pg.Client> {
  const connectionString = urlOf(port, password, 'postgres');
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  return client;
}
