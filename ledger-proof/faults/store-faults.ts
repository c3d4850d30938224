/**
 * What strikes Postgres, Redis, the spools' disk, or the records themselves. Each fault undoes itself, whatever
 * happens.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { Redis } from 'ioredis';
import { isAlive } from '../../platform/running-process.js';
import type { FaultTools } from './fault.js';

/** A transaction of a paused proxy may hold its locks for as long as the pause. */
const LOCK_TRIES = 12;

export async function stopPostgres({ random, postgres }: FaultTools): Promise<string> {
  const awayMs = random.integer(1_000, 10_000);
  await postgres.stopAtOnce();
  await delay(awayMs);
  await postgres.startAgain();
  return `${awayMs} ms`;
}

export async function crashPostgres({ random, postgres }: FaultTools): Promise<string | null> {
  const pids = await postgres.asOwner(async (client) => {
    const sql = `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tollgate%' ORDER BY pid`;
    return (await client.query<{ pid: number }>(sql)).rows;
  });
  const pid = pids[random.integer(0, pids.length - 1)]?.pid;
  if (pid === undefined || !isAlive(pid)) return null;
  process.kill(pid, 'SIGKILL');
  await delay(500);
  await postgres.asOwner((client) => client.query('SELECT')); // it has recovered
  return '';
}

export async function lockTable({ random, postgres }: FaultTools): Promise<string> {
  const lockMs = random.integer(1_000, 3_000);
  await postgres.asOwner(async (client) => {
    await withLock(client, async () => {
      await client.query('BEGIN');
      await client.query('LOCK TABLE usage_record IN ACCESS EXCLUSIVE MODE');
    });
    await delay(lockMs);
    await client.query('ROLLBACK');
  });
  return `${lockMs} ms`;
}

export async function makeReadOnly({ random, postgres }: FaultTools): Promise<string> {
  const lastMs = random.integer(1_000, 3_000);
  const set = (sql: string): Promise<void> =>
    postgres.asOwner(async (client) => {
      await client.query(sql);
      await client.query('SELECT pg_reload_conf()');
    });
  await set('ALTER SYSTEM SET default_transaction_read_only = on');
  try {
    await delay(lastMs);
  } finally {
    await set('ALTER SYSTEM RESET default_transaction_read_only');
  }
  return `${lastMs} ms`;
}

export async function driftSchema({ random, postgres }: FaultTools): Promise<string> {
  const lastMs = random.integer(1_000, 2_000);
  const rename = (from: string, to: string): Promise<void> =>
    postgres.asOwner((client) =>
      withLock(client, () => client.query(`ALTER TABLE usage_record RENAME COLUMN ${from} TO ${to}`)),
    );
  await rename('user_agent', 'user_agent_renamed');
  try {
    await delay(lastMs);
  } finally {
    await rename('user_agent_renamed', 'user_agent');
  }
  return `${lastMs} ms`;
}

export async function killRedis({ random, redis }: FaultTools): Promise<string> {
  const awayMs = random.integer(500, 3_000);
  await redis.kill();
  await delay(awayMs);
  await redis.startAgain();
  return `${awayMs} ms`;
}

export async function pauseRedis({ random, redis }: FaultTools): Promise<string> {
  const pauseMs = random.integer(500, 3_000);
  const client = new Redis({ path: redis.url.slice('unix://'.length), maxRetriesPerRequest: 1 });
  client.on('error', () => undefined); // the command fails too, and that is told
  try {
    await client.call('CLIENT', 'PAUSE', pauseMs, 'ALL');
  } finally {
    client.disconnect();
  }
  await delay(pauseMs);
  return `${pauseMs} ms`;
}

export async function poison({ random, sendPoison }: FaultTools): Promise<string> {
  const records = random.integer(1, 3);
  sendPoison(records);
  return `${records} records`;
}

export async function fillSpoolDisk({ random, spoolDisk }: FaultTools): Promise<string | null> {
  if (spoolDisk === null) return null;
  const fullMs = random.integer(1_000, 3_000);
  spoolDisk.fill();
  try {
    await delay(fullMs);
  } finally {
    spoolDisk.free();
  }
  return `${fullMs} ms`;
}

async function withLock(client: pg.Client, work: () => Promise<unknown>): Promise<void> {
  await client.query(`SET lock_timeout = '1s'`); // behind a lock that is waited for, everybody else waits too
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return;
    } catch (error) {
      await client.query('ROLLBACK');
      if (tries === LOCK_TRIES) throw error;
    }
  }
}
