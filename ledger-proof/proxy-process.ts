/**
 * One place for a proxy: its port, and the process that serves it at the moment. A process that ends, by a fault or
 * because a store that it needs to start is away, is followed by another one, as a supervisor would do.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PROXY_NODE_FLAGS } from '../platform/node-flags.js';
import { hasEnded } from '../platform/running-process.js';
import { untilOpen } from '../bench/open-port.js';

const PROGRAM = fileURLToPath(new URL('../proxy/main.js', import.meta.url));
const RESTART_MS = 300;
/** Longer than a proxy drains. */
const END_TIMEOUT_MS = 60_000;

export interface ProxyPlace {
  readonly number: number;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

export class ProxyProcess {
  readonly number: number;
  readonly ends = {
    /** could not start: Postgres was away before there was a snapshot, or the spools' disk full */
    notStarted: 0,
    /** ended while they served, although nobody ended them */
    crashed: 0,
    /** were asked to end, and did so late or with another code than 0 */
    disorderly: 0,
  };
  private child: ChildProcess | null = null;
  private isWanted = true;
  private isEnding = false;
  private isServing = false;

  private constructor(private readonly place: ProxyPlace) {
    this.number = place.number;
  }

  /** Resolves once it serves. */
  static async start(place: ProxyPlace): Promise<ProxyProcess> {
    const proxy = new ProxyProcess(place);
    proxy.launch();
    await untilOpen(place.port);
    return proxy;
  }

  /** False: there is no process to signal at the moment. */
  signal(signal: NodeJS.Signals): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null && this.child.kill(signal);
  }

  /** Ends the process that runs now; another one follows. Resolves once it has ended; false: there was none. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<boolean> {
    const { child } = this;
    if (child === null) return false;
    this.isEnding = true;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
    if (!this.signal(signal)) return false;
    const isLate = !(await hasEnded(child.pid ?? 0, END_TIMEOUT_MS));
    if (isLate) child.kill('SIGKILL');
    await ended;
    // Without a code it was killed meanwhile, by another fault.
    if (isLate || (signal === 'SIGTERM' && (child.exitCode ?? 0) !== 0)) this.ends.disorderly += 1;
    return true;
  }

  untilServing(): Promise<void> {
    return untilOpen(this.place.port);
  }

  /** For good. */
  async stop(): Promise<void> {
    this.isWanted = false;
    this.signal('SIGCONT');
    await this.end('SIGTERM');
  }

  private launch(): void {
    const log = openSync(this.place.logFile, 'a');
    this.isEnding = false;
    this.isServing = false;
    const child = spawn(process.execPath, [...PROXY_NODE_FLAGS, PROGRAM], {
      env: this.place.env,
      detached: true, // Ctrl-C reaches only the conductor, which ends its programs in order
      stdio: ['ignore', log, log, 'ipc'], // with the conductor gone the channel closes, and the proxy ends
    });
    closeSync(log);
    child.on('exit', () => void this.follow());
    this.child = child;
    untilOpen(this.place.port).then(
      () => (this.isServing ||= child === this.child),
      () => undefined, // one that never serves ends by itself, and is counted then
    );
  }

  private async follow(): Promise<void> {
    if (!this.isEnding) this.ends[this.isServing ? 'crashed' : 'notStarted'] += 1;
    await delay(RESTART_MS);
    if (this.isWanted) this.launch();
  }
}
