/** What a ledger does besides: now and then it ships what dead processes left, and says that its own process lives. */
import { releaseVersion } from '../../platform/version.js';
import type { SpoolLedger } from './spool-ledger.js';

const INTERVAL_MS = 10_000;

export class LedgerUpkeep {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private isStopping = false;
  private readonly version = releaseVersion();

  constructor(
    private readonly ledger: SpoolLedger,
    private readonly onProblem: (problem: string, error: unknown) => void,
  ) {}

  /** Begins at once. */
  start(): void {
    this.timer = setInterval(() => this.run(), INTERVAL_MS).unref();
    this.run();
  }

  /** Resolves when nothing runs any more, soon: what is left of dead spools is the next proxy's. */
  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.timer !== null) clearInterval(this.timer);
    await this.running;
  }

  private run(): void {
    this.running ??= this.keepUp().finally(() => (this.running = null));
  }

  private async keepUp(): Promise<void> {
    try {
      await this.ledger.inherit(() => this.isStopping);
      await this.ledger.heartbeat(this.version);
    } catch (error) {
      this.onProblem('the spools of ended processes cannot be shipped yet', error);
    }
  }
}
