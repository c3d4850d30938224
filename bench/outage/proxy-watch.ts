/** What is seen of the proxy from outside while Postgres is away: its memory, and what its ledger says of itself. */
import { setTimeout as delay } from 'node:timers/promises';
import { processRssBytes } from '../memory.js';

const SAMPLE_MS = 500;

export interface MemorySample {
  readonly atMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export interface LedgerSample {
  readonly atMs: number;
  readonly settled: number;
  readonly unshipped: number;
}

export class ProxyWatch {
  readonly memory: MemorySample[] = [];
  private isStopped = false;
  private sampling: Promise<void> | null = null;

  constructor(
    private readonly pid: number,
    private readonly metricsPort: number,
  ) {}

  start(): void {
    this.sampling = this.sample();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.sampling;
  }

  async ledger(): Promise<LedgerSample> {
    const text = await this.metrics();
    const settled = valueOf(text, 'tollgate_ledger_settled_total');
    return { atMs: performance.now(), settled, unshipped: valueOf(text, 'tollgate_ledger_unshipped_records') };
  }

  private async sample(): Promise<void> {
    while (!this.isStopped) {
      const text = await this.metrics().catch(() => ''); // the proxy's end is told elsewhere
      const heapBytes = valueOf(text, 'tollgate_proxy_nodejs_heap_size_used_bytes');
      this.memory.push({ atMs: performance.now(), rssBytes: processRssBytes(this.pid), heapBytes });
      await delay(SAMPLE_MS);
    }
  }

  private async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text();
  }
}

const valueOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
