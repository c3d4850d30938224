/**
 * The conductor. It starts everything that a run needs, makes faults while load runs, brings everything back, waits
 * until the ledger has taken what it can, and has the witnesses compared by a process that had no part in it.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Program } from '../bench/program.js';
import type { Running } from '../bench/running.js';
import { FaultMaker, type MadeFault } from './fault-maker.js';
import type { FaultTools } from './faults/fault.js';
import { asVerdict, replyOf, type ClientOrder, type UpstreamOrder } from './messages.js';
import { isFoundOut, mutate, repair, type Mutation } from './mutation.js';
import type { ProofOptions } from './options.js';
import { ProxyFleet } from './proxy-fleet.js';
import { damagedSpools, untilQuiet } from './quiescence.js';
import { Random } from './random.js';
import { planFaults, type FaultKind } from './schedule.js';
import { SpoolDisk } from './spool-disk.js';
import { PostgresServer, RedisServer } from './stores.js';
import { seedTenant, type ProofTenant } from './tenant.js';
import type { Verdict } from './verdict.js';

const PROXIES = 2;
const CLIENT = 'ledger-proof/programs/client.js';
const UPSTREAM = 'ledger-proof/programs/upstream.js';
const CHECKER = 'ledger-proof/programs/checker.js';

export interface ProofRun {
  readonly faults: readonly MadeFault[];
  /** kinds that this machine, or this durability, does not allow, and why */
  readonly notRun: readonly string[];
  /** what happened that nobody planned: shown, and judged only by the verdict */
  readonly remarks: readonly string[];
  readonly redis: string;
  readonly loadMs: number;
}

interface Surroundings {
  readonly folder: string;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly tenant: ProofTenant;
  readonly spoolDisk: SpoolDisk | null;
}

export class Proof {
  private constructor(
    private readonly running: Running,
    private readonly options: ProofOptions,
    private readonly surroundings: Surroundings,
  ) {}

  /**
   * In an empty folder that others may enter (Postgres may run as another user). What it starts is `running`'s to stop.
   */
  static async start(running: Running, options: ProofOptions, folder: string): Promise<Proof> {
    const postgres = await running.add(() => PostgresServer.start(folder));
    const redis = await running.add(() => RedisServer.start(folder));
    const tenant = await seedTenant(postgres.url);
    const spools = path.join(folder, 'proxies', 'spool');
    mkdirSync(spools, { recursive: true });
    // fdatasync means nothing on a disk in memory: under `host` the spools lie on the real one.
    const spoolDisk = options.durability === 'host' ? null : SpoolDisk.mount(spools);
    if (spoolDisk !== null) await running.add(() => Promise.resolve(spoolDisk));
    return new Proof(running, options, { folder, postgres, redis, tenant, spoolDisk });
  }

  async run(): Promise<ProofRun> {
    const { options, running } = this;
    const { folder, postgres, redis } = this.surroundings;
    const upstream = await this.program('the provider', UPSTREAM);
    tell(upstream, { kind: 'start', folder, seed: options.seed });
    const { port } = await upstream.message(replyOf('started'));
    const fleet = await running.add(() =>
      ProxyFleet.start({
        count: PROXIES,
        folder,
        databaseUrl: postgres.url,
        redisUrl: redis.url,
        upstreamPort: port,
        durability: options.durability,
      }),
    );
    const client = await this.program('the client', CLIENT);
    const loadStartedMs = performance.now();
    const faults = await this.strike(fleet, client, upstream);
    const loadMs = performance.now() - loadStartedMs;
    const remarks = await this.settle(fleet);
    tell(upstream, { kind: 'finish' });
    await upstream.message(replyOf('done'));
    return { faults, notRun: this.unavailable().map(([, why]) => why), remarks, redis: redis.kind, loadMs };
  }

  /** By a process of its own, which may be asked again after a change to the ledger. */
  async check(): Promise<Verdict> {
    const { folder, tenant, postgres } = this.surroundings;
    const args = ['--folder', folder, '--account', tenant.accountId, '--database', postgres.url];
    const checker = await this.running.add(() => Program.node(CHECKER, { name: 'the checker', core: null, args }));
    const verdict = await checker.message(asVerdict);
    await checker.stop();
    return verdict;
  }

  /** Changes the ledger, has it checked, and takes the change back. */
  async checkMutated(mutation: Mutation, before: Verdict): Promise<{ verdict: Verdict; isFoundOut: boolean }> {
    await this.surroundings.postgres.asOwner((owner) => mutate(owner, mutation, this.surroundings.tenant.accountId));
    try {
      const verdict = await this.check();
      return { verdict, isFoundOut: isFoundOut(mutation, before, verdict) };
    } finally {
      await this.surroundings.postgres.asOwner((owner) => repair(owner, mutation));
    }
  }

  /** Load, and the faults under it. The load outlasts them. */
  private async strike(fleet: ProxyFleet, client: Program, upstream: Program): Promise<readonly MadeFault[]> {
    const { requests, faults, seed } = this.options;
    const unavailable = new Set(this.unavailable().map(([kind]) => kind));
    const schedule = planFaults(new Random(seed, 2), { requests, faults, proxies: PROXIES }, unavailable);
    const perSecond = (requests * 1_000) / schedule.durationMs;
    const { folder, tenant, postgres, redis, spoolDisk } = this.surroundings;
    tell(client, { kind: 'start', folder, ports: fleet.ports, path: tenant.path, seed, requests, perSecond });
    const tools: FaultTools = {
      random: new Random(seed, 3),
      postgres,
      redis,
      proxies: fleet.proxies,
      spoolDisk,
      sendPoison: (count) => tell(client, { kind: 'poison', count }),
      streamsInTheMiddle: async (proxy) => {
        tell(upstream, { kind: 'streams', proxy });
        const isMine = replyOf('streams');
        const answer = await upstream.message((message) => {
          const found = isMine(message);
          return found?.proxy === proxy ? found : null;
        });
        return answer.count;
      },
    };
    const made = await Promise.race([new FaultMaker(tools).make(schedule), client.failed, upstream.failed]);
    tell(client, { kind: 'enough' });
    await client.message(replyOf('done'));
    return made;
  }

  /**
   * Everything is back: the proxies ship what they hold and end, and one more inherits what is left of those killed.
   */
  private async settle(fleet: ProxyFleet): Promise<string[]> {
    const spools = path.join(this.surroundings.folder, 'proxies', 'spool');
    const remarks = await untilQuiet(this.surroundings.postgres, spools, PROXIES, 'the proxies');
    await fleet.stop();
    const heir = await fleet.startAnother();
    remarks.push(...(await untilQuiet(this.surroundings.postgres, spools, 1, 'the heir')));
    await heir.stop();
    remarks.push(...fleet.remarks());
    const damaged = damagedSpools(spools);
    if (damaged > 0) remarks.push(`${damaged} spools were put aside as damaged`);
    return remarks;
  }

  private async program(name: string, file: string): Promise<Program> {
    const program = await this.running.add(() => Program.node(file, { name, core: null }));
    await program.message(replyOf('ready'));
    return program;
  }

  private unavailable(): (readonly [FaultKind, string])[] {
    if (this.surroundings.spoolDisk !== null) return [];
    const why =
      this.options.durability === 'host'
        ? 'under `host` the spools lie on the real disk, which is not filled'
        : 'not root, or no tmpfs to be had';
    return [['spool-full', `the spools' disk full (${why})`]];
  }
}

function tell(program: Program, order: ClientOrder | UpstreamOrder): void {
  program.child.send(order);
}
