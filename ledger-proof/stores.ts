/** The proof's Postgres and Redis: servers of its own that can be taken away and come back at the same address. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../platform/embedded/postgres.js';
import { startEmbeddedRedis, type EmbeddedRedis } from '../platform/embedded/redis.js';
import { freePort } from '../platform/listen.js';
import { endProcess } from '../platform/running-process.js';

const END_TIMEOUT_MS = 15_000;
const CONNECT_DEADLINE_MS = 30_000;
const log = (): void => undefined;

export class PostgresServer {
  private constructor(
    private readonly dataDir: string,
    private readonly port: number,
    private server: EmbeddedPostgres,
  ) {}

  /** With every guarantee on: what it has committed has to be there after a crash. */
  static async start(dataDir: string): Promise<PostgresServer> {
    const port = await freePort();
    return new PostgresServer(dataDir, port, await startEmbeddedPostgres({ dataDir, log, port }));
  }

  get url(): string {
    return this.server.url;
  }

  /** What `pg_ctl stop -m immediate` sends: no connection ends in order, and the next start recovers from the log. */
  async stopAtOnce(): Promise<void> {
    await endProcess(this.server.pid, { signal: 'SIGQUIT', lastSignal: 'SIGKILL', timeoutMs: END_TIMEOUT_MS });
  }

  async startAgain(): Promise<void> {
    this.server = await startEmbeddedPostgres({ dataDir: this.dataDir, log, port: this.port });
  }

  /** One connection as the owner, for one piece of work. Waits for a server that is recovering. */
  async asOwner<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.connected();
    client.on('error', () => undefined); // a server that ends under it fails the query too
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  private async connected(): Promise<pg.Client> {
    const deadline = performance.now() + CONNECT_DEADLINE_MS;
    for (;;) {
      const client = new pg.Client({ connectionString: this.url, application_name: 'ledger-proof' });
      try {
        await client.connect();
        return client;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(100);
      }
    }
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

export class RedisServer {
  private constructor(
    private readonly dataDir: string,
    private server: EmbeddedRedis,
  ) {}

  static async start(dataDir: string): Promise<RedisServer> {
    return new RedisServer(dataDir, await startEmbeddedRedis({ dataDir, log }));
  }

  get url(): string {
    return this.server.url;
  }

  get kind(): string {
    return this.server.kind;
  }

  /** Without a chance to write anything. */
  async kill(): Promise<void> {
    if (this.server.kind === 'js-redis-server') return this.server.stop(); // which is a kill
    const pid = Number(readFileSync(path.join(this.dataDir, 'redis', 'redis.pid'), 'utf8'));
    await endProcess(pid, { signal: 'SIGKILL', lastSignal: 'SIGKILL', timeoutMs: END_TIMEOUT_MS });
  }

  async startAgain(): Promise<void> {
    this.server = await startEmbeddedRedis({ dataDir: this.dataDir, log });
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
