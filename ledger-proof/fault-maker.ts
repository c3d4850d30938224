/**
 * Makes the planned faults, each when its time has come and what it strikes has got over the one before. What strikes
 * different victims may coincide: a proxy is killed while Postgres is away.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../platform/error-code.js';
import type { FaultTools } from './faults/fault.js';
import { kill, killAll, killMidStream, pause, terminate } from './faults/proxy-faults.js';
import {
  crashPostgres,
  driftSchema,
  fillSpoolDisk,
  killRedis,
  lockTable,
  makeReadOnly,
  pauseRedis,
  poison,
  stopPostgres,
} from './faults/store-faults.js';
import type { ProxyProcess } from './proxy-process.js';
import type { FaultKind, PlannedFault, Schedule } from './schedule.js';

export interface MadeFault extends PlannedFault {
  /** false: the moment for it did not come, or it failed; `told` says which */
  readonly isMade: boolean;
  readonly told: string;
}

type ProxyFault = (tools: FaultTools, proxy: ProxyProcess) => Promise<string | null>;
type OtherFault = (tools: FaultTools) => Promise<string | null>;

const PROXY_FAULTS = new Map<FaultKind, ProxyFault>([
  ['kill-mid-stream', killMidStream],
  ['kill', kill],
  ['sigterm', terminate],
  ['pause', pause],
]);

/** With the victim that only one fault may strike at a time. */
const OTHER_FAULTS = new Map<FaultKind, readonly [victim: string, OtherFault]>([
  ['postgres-stop', ['postgres', stopPostgres]],
  ['postgres-crash', ['postgres', crashPostgres]],
  ['postgres-lock', ['postgres', lockTable]],
  ['postgres-read-only', ['postgres', makeReadOnly]],
  ['schema-drift', ['postgres', driftSchema]],
  ['redis-kill', ['redis', killRedis]],
  ['redis-pause', ['redis', pauseRedis]],
  ['poison', ['records', poison]],
  ['spool-full', ['disk', fillSpoolDisk]],
  ['kill-all', ['all proxies', killAll]],
]);

export class FaultMaker {
  /** victim → the end of the last fault that was planned for it */
  private readonly busy = new Map<string, Promise<unknown>>();

  constructor(private readonly tools: FaultTools) {}

  /** Resolves with all of them, in their order, once the last one is over; never rejects for one that failed. */
  async make({ faults, durationMs }: Schedule): Promise<readonly MadeFault[]> {
    const startedMs = performance.now();
    const made = faults.map((fault) => {
      const victim = OTHER_FAULTS.get(fault.kind)?.[0] ?? `proxy ${fault.proxy}`;
      const before = this.busy.get(victim) ?? Promise.resolve();
      const making = before.then(async () => {
        await delay(startedMs + fault.atMs - performance.now());
        return this.makeOne(fault);
      });
      this.busy.set(victim, making);
      return making;
    });
    await delay(startedMs + durationMs - performance.now());
    return Promise.all(made);
  }

  private async makeOne(fault: PlannedFault): Promise<MadeFault> {
    try {
      const told = await this.strike(fault);
      return { ...fault, isMade: told !== null, told: told ?? 'the moment for it did not come' };
    } catch (error) {
      return { ...fault, isMade: false, told: errorMessage(error) };
    }
  }

  private strike({ kind, proxy: number }: PlannedFault): Promise<string | null> {
    const proxy = this.tools.proxies[number];
    const ofProxy = PROXY_FAULTS.get(kind);
    if (ofProxy !== undefined && proxy !== undefined) return ofProxy(this.tools, proxy);
    const ofOther = OTHER_FAULTS.get(kind)?.[1];
    return ofOther === undefined ? Promise.resolve(null) : ofOther(this.tools);
  }
}
