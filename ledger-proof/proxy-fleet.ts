/** The proxies of a run: processes of their own over one database, one Redis, and one folder of spools. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../platform/listen.js';
import { newVaultKeyPair } from '../schema/contracts/vault-keys.js';
import { ProxyProcess } from './proxy-process.js';

/** The smallest: a run leaves, carries over and removes many, where those of the usual size would never be full. */
const SEGMENT_BYTES = 1024 ** 2;

export interface FleetPlace {
  readonly count: number;
  readonly folder: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly upstreamPort: number;
  readonly durability: string;
}

export class ProxyFleet {
  readonly proxies: ProxyProcess[] = [];
  readonly ports: number[] = [];
  private readonly secrets = {
    LAME_DUCK_SECONDS: '0',
    TOKEN_PEPPER: randomBytes(32).toString('hex'),
    VAULT_PRIVATE_KEY: newVaultKeyPair().privateKey,
  };

  private constructor(private readonly place: FleetPlace) {}

  static async start(place: FleetPlace): Promise<ProxyFleet> {
    const fleet = new ProxyFleet(place);
    mkdirSync(path.join(place.folder, 'logs'), { recursive: true });
    for (let number = 0; number < place.count; number++) await fleet.startAnother();
    return fleet;
  }

  async startAnother(): Promise<ProxyProcess> {
    const port = await freePort();
    const number = this.proxies.length;
    const logFile = path.join(this.place.folder, 'logs', `proxy-${number}.log`);
    const proxy = await ProxyProcess.start({ number, port, logFile, env: this.environment(port) });
    this.proxies.push(proxy);
    this.ports.push(port);
    return proxy;
  }

  /** One after the other, as a person would. Those that were stopped before stay stopped. */
  async stop(): Promise<void> {
    for (const proxy of this.proxies) await proxy.stop();
  }

  /** What was out of the ordinary, in words. */
  remarks(): string[] {
    return this.proxies.flatMap(({ number, ends }) => {
      const told: readonly (readonly [number, string])[] = [
        [ends.notStarted, 'could not start (it needs Postgres, and room for its spool)'],
        [ends.crashed, 'crashed'],
        [ends.disorderly, 'ended late or in disorder when it was asked to end'],
      ];
      return told.filter(([times]) => times > 0).map(([times, what]) => `proxy ${number} ${what}: ${times} times`);
    });
  }

  private environment(port: number): NodeJS.ProcessEnv {
    const { folder, databaseUrl, redisUrl, upstreamPort, durability } = this.place;
    return {
      // Nothing of the caller's: his own settings of a proxy would be those of the proof.
      ...this.secrets,
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      DATA_DIR: path.join(folder, 'proxies'),
      LEDGER_DURABILITY: durability,
      LEDGER_SEGMENT_BYTES: String(SEGMENT_BYTES),
      PROXY_HOST: '127.0.0.1',
      PROXY_PORT: String(port),
      PROVIDER_ORIGINS: JSON.stringify({ openai: `http://127.0.0.1:${upstreamPort}/v1` }),
    };
  }
}
