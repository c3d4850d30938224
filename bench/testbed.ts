/** What scenarios are measured on: the load and the systems, each started when it is first asked for. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { say } from './bench-run.js';
import { startBareRelay } from './controls/bare-relay.js';
import { hasNginx, startNginx } from './controls/nginx.js';
import { hasPortkey, startPortkey } from './controls/portkey.js';
import { startLoad, type Load } from './load/load.js';
import { CHAT_PATH } from './load/messages.js';
import type { Running } from './running.js';
import type { Surroundings, System, SystemName } from './system.js';
import type { Upstream } from './upstream/upstream.js';
import { startTollgate, type Tollgate } from './tollgate/tollgate.js';

export class Testbed {
  private readonly started = new Map<string, Promise<readonly System[]>>();
  private loading: Promise<Load> | null = null;
  private freshFolders = 0;

  constructor(
    readonly running: Running,
    readonly surroundings: Surroundings,
    private readonly upstream: Upstream,
    private readonly options: { readonly profileFolder: string | null },
  ) {}

  load(): Promise<Load> {
    return (this.loading ??= this.running.add(startLoad));
  }

  /** Those of these that this machine can run, in their order. */
  async systems(names: readonly SystemName[]): Promise<System[]> {
    const all: System[] = [];
    for (const name of names) {
      const system = (await this.programOf(name)).find((candidate) => candidate.name === name);
      if (system !== undefined) all.push(system);
    }
    return all;
  }

  /** Another Tollgate, with stores of its own, of which nobody has asked anything yet. */
  freshTollgate(): Promise<Tollgate> {
    const folder = path.join(this.surroundings.folder, `fresh-${(this.freshFolders += 1)}`);
    mkdirSync(folder, { mode: 0o711 }); // Postgres may run as another user
    return startTollgate(this.running, { ...this.surroundings, folder }, { profileFolder: null });
  }

  /** Another bare relay. */
  freshBareRelay(): Promise<System> {
    return this.running.add(() => startBareRelay(this.surroundings));
  }

  /** What runs in the process that is this system. */
  private programOf(name: SystemName): Promise<readonly System[]> {
    switch (name) {
      case 'bare':
        return this.once(name, async () => [await this.freshBareRelay()]);
      case 'nginx':
        return this.once(name, () => this.control(hasNginx(), 'nginx is not on PATH: no P2.', startNginx));
      case 'portkey':
        return this.once(name, () => this.control(hasPortkey(), 'Portkey could not be fetched: no P3.', startPortkey));
      case 'direct':
        return this.once(name, () => Promise.resolve([this.direct()]));
      default:
        return this.once('tollgate', async () => {
          const { systems } = await startTollgate(this.running, this.surroundings, this.options);
          return systems;
        });
    }
  }

  private direct(): System {
    return { ...this.upstream, name: 'direct', target: { port: this.upstream.port, path: CHAT_PATH, headers: [] } };
  }

  private once(program: string, start: () => Promise<readonly System[]>): Promise<readonly System[]> {
    const started = this.started.get(program) ?? start();
    this.started.set(program, started);
    return started;
  }

  private async control(
    isHere: boolean,
    otherwise: string,
    start: (surroundings: Surroundings) => Promise<System>,
  ): Promise<System[]> {
    if (isHere) return [await this.running.add(() => start(this.surroundings))];
    say(otherwise);
    return [];
  }
}
