/**
 * A pgbouncer of one's own in front of the tests' Postgres, in transaction mode, with fewer server connections than
 * clients.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freePort } from '../../platform/listen.js';
import { removeSpoolFolder } from './ledger.js';
import { waitFor } from './wait-for.js';

/**
 * Server connections of all clients together: so few that transactions of different clients follow one another on each.
 */
const SERVER_CONNECTIONS = 3;

export interface TestBouncer {
  /** the same database by way of it */
  readonly url: string;
  close(): Promise<void>;
}

/** `databaseUrl`: of a Postgres that is reached by TCP. */
export async function startPgbouncer(databaseUrl: string): Promise<TestBouncer> {
  const target = new URL(databaseUrl);
  const folder = mkdtempSync(path.join(tmpdir(), 'tollgate-pgbouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const file = path.join(folder, 'pgbouncer.ini');
  const user = decodeURIComponent(target.username);
  const password = decodeURIComponent(target.password);
  writeFileSync(path.join(folder, 'users.txt'), `"${user}" "${password}"\n`);
  writeFileSync(
    file,
    `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${path.join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 200
`,
  );
  const program = existsSync('/usr/sbin/pgbouncer') ? '/usr/sbin/pgbouncer' : 'pgbouncer';
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : []; // it refuses to be root
  const child = spawn(program, ['-q', ...asUser, file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  await waitFor(() => answers(url.href), 'pgbouncer answers', 15_000);
  return {
    url: url.href,
    async close() {
      child.kill('SIGINT');
      await ended;
      await removeSpoolFolder(folder);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query('SELECT 1')).rows.length === 1;
  } finally {
    await client.end();
  }
}
