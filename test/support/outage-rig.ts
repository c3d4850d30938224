/**
 * A proxy of its own process, over a Postgres and a Redis of its own, all three of which can be taken away and come
 * back.
 */
import type pg from 'pg';
import { untilOpen } from '../../bench/open-port.js';
import { Program } from '../../bench/program.js';
import { PostgresServer, RedisServer } from '../../ledger-proof/stores.js';
import { migrate } from '../../migrations/run.js';
import { freePort } from '../../platform/listen.js';
import { createPool } from '../../platform/postgres.js';
import { makeDataDir } from './data-dir.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { TEST_PEPPER } from './proxy.js';
import { TEST_VAULT } from './vault.js';

export class OutageRig {
  /** where the proxy keeps what it keeps */
  readonly dataDir = makeDataDir('proxy');
  private program: Program | null = null;

  private constructor(
    readonly owner: pg.Pool,
    readonly upstream: FakeUpstream,
    private readonly stores: { readonly postgres: PostgresServer; readonly redis: RedisServer },
    private readonly ports: { readonly proxy: number; readonly metrics: number },
  ) {}

  /** The proxy is not started yet. */
  static async start(): Promise<OutageRig> {
    const [postgres, redis] = await Promise.all([
      PostgresServer.start(makeDataDir('p')),
      RedisServer.start(makeDataDir('r')),
    ]);
    await migrate(postgres.url);
    const owner = createPool(
      { connectionString: postgres.url, applicationName: 'owner', connectionsMax: 2 },
      () => undefined, // its connections are cut
    );
    const upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
    const ports = { proxy: await freePort(), metrics: await freePort() };
    return new OutageRig(owner, upstream, { postgres, redis }, ports);
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.proxy}`;
  }

  async startProxy(): Promise<void> {
    this.program = await this.launch();
    await Promise.race([untilOpen(this.ports.proxy), this.program.failed]);
  }

  /** Without a chance to write anything. */
  async killProxy(): Promise<void> {
    const { program } = this;
    this.program = null;
    program?.child.kill('SIGKILL');
    await program?.failed.catch(() => undefined);
  }

  async takeStoresAway(): Promise<void> {
    await Promise.all([this.stores.postgres.stopAtOnce(), this.stores.redis.kill()]);
  }

  bringPostgresBack(): Promise<void> {
    return this.stores.postgres.startAgain();
  }

  bringRedisBack(): Promise<void> {
    return this.stores.redis.startAgain();
  }

  /** A metric without labels, by its name without `tollgate_`. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.ports.metrics}/metrics`)).text();
    return Number(new RegExp(`^tollgate_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async stop(): Promise<void> {
    await this.program?.stop();
    await Promise.all([this.owner.end(), this.upstream.close()]);
    await Promise.all([this.stores.postgres.stop(), this.stores.redis.stop()]);
  }

  private launch(): Promise<Program> {
    const env = {
      PATH: process.env['PATH'],
      DATABASE_URL: this.stores.postgres.url,
      REDIS_URL: this.stores.redis.url,
      TOKEN_PEPPER: TEST_PEPPER,
      LAME_DUCK_SECONDS: '0',
      VAULT_PRIVATE_KEY: TEST_VAULT.privateKey,
      PROXY_PORT: String(this.ports.proxy),
      METRICS_PORT: String(this.ports.metrics),
      DATA_DIR: this.dataDir,
      LEDGER_SEGMENT_BYTES: String(1024 ** 2),
      PROVIDER_ORIGINS: JSON.stringify({ openai: `${this.upstream.origin}/v1` }),
    };
    return Program.node('proxy/main.js', { name: 'the proxy', core: null, env });
  }
}
