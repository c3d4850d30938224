/** What a proxy holds in memory when it has just started, and after a million calls with everything on. */
import { setTimeout as delay } from 'node:timers/promises';
import { say } from '../bench-run.js';
import { figure } from '../figures.js';
import { MEBIBYTE, processRssBytes } from '../memory.js';
import { table } from '../report.js';
import { measure } from './measurement.js';
import type { OwnScenario } from './scenario.js';

const REQUESTS = 1_000_000;
const WINDOW = { kind: 'json', connections: 32, durationMs: 20_000 } as const;
const IDLE_MS = 10_000;

export const memoryScenario: OwnScenario = {
  name: 'memory',
  async measure(testbed) {
    const { tollgate } = await testbed.freshTollgate();
    const load = await testbed.load();
    const held: [requests: number, bytes: number][] = [];
    const settle = async (requests: number): Promise<number> => {
      await delay(IDLE_MS);
      const bytes = processRssBytes(tollgate.pid);
      held.push([requests, bytes]);
      return bytes;
    };
    const idle = await settle(0);
    let requests = 0;
    let next = REQUESTS / 10;
    while (requests < REQUESTS) {
      const window = await measure(load, tollgate, WINDOW);
      if (window.requests === 0) throw new Error(`the proxy answers nothing but errors: ${window.errors} in 20 s`);
      requests += window.requests;
      if (requests < next || requests >= REQUESTS) continue;
      next *= 2;
      await settle(requests);
    }
    const after = await settle(requests);
    await tollgate.stop();
    const rows = held.map(([done, bytes]) => [String(done), (bytes / MEBIBYTE).toFixed(0)]);
    say(`${table([['requests', 'memory MiB'], ...rows])}\n`);
    return [...figure('P13Idle', [idle / MEBIBYTE]), ...figure('P13Growth', [(after / idle - 1) * 100])];
  },
};
