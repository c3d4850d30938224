/** What a ledger does besides: now and then it ships what dead processes left, and says that its own process lives. */
import { releaseVersion } from '../../platform/version.js';
import type { SpoolLedger } from './spool-ledger.js';

const INTERVAL_MS = 10_000;

export class SpoolUpkeep {
  private timer: NodeJS.Timeout | null = null;
  private inheriting: Promise<void> | null = null;
  private telling: Promise<void> | null = null;
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
    await Promise.all([this.inheriting, this.telling]);
  }

  /** Neither waits for the other: a dead spool may take minutes. */
  private run(): void {
    this.inheriting ??= this.inherit().finally(() => (this.inheriting = null));
    this.telling ??= this.tell().finally(() => (this.telling = null));
  }

  private async inherit(): Promise<void> {
    try {
      await this.ledger.inherit(() => this.isStopping);
    } catch (error) {
      this.onProblem('the spools of ended processes cannot be shipped yet', error);
    }
  }

  private async tell(): Promise<void> {
    try {
      await this.ledger.heartbeat(this.version);
    } catch (error) {
      this.onProblem('Postgres cannot be told now that this process lives', error);
    }
  }
}
