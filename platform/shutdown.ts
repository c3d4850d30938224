/**
 * How a process ends: on SIGTERM, SIGINT, SIGHUP (its terminal was closed), the loss of its parent, or a crash, its
 * steps run once and in order (stop accepting, drain, flush, close), and the exit code tells a crash from an end that
 * was asked for.
 */

export interface ShutdownStep {
  readonly name: string;
  run(): Promise<void>;
}

export interface ShutdownOptions {
  readonly steps: readonly ShutdownStep[];
  /** called with what failed: a step, an uncaught exception, an unhandled rejection */
  readonly report: (what: string, error: unknown) => void;
  /** all steps together; the process ends with code 1 when they take longer */
  readonly timeoutMs?: number;
  /** runs, synchronously, before a second signal ends the process */
  readonly atOnce?: () => void;
}

const TIMEOUT_MS = 60_000;
/** npm passes on a Ctrl-C that the terminal has already sent to us: one key press, two signals. */
const SAME_SIGNAL_MS = 500;

/**
 * Installs the handlers and returns the way to end from inside: `shutDown(exitCode)`. Exit codes: 0 after a signal, 1
 * after a crash, a failed step or a second signal.
 */
export function onShutdown(options: ShutdownOptions): (exitCode: number) => Promise<never> {
  const ending = new Ending(options);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => ending.signalled());
  process.on('disconnect', () => void ending.begin(0)); // a parent that was killed cannot send a signal
  process.on('uncaughtException', (error) => ending.crashed('uncaught exception', error));
  process.on('unhandledRejection', (error) => ending.crashed('unhandled rejection', error));
  return (exitCode) => ending.begin(exitCode);
}

class Ending {
  private startedMs: number | null = null;
  private exitCode = 0;
  private ended: Promise<never> | null = null;

  constructor(private readonly options: ShutdownOptions) {}

  signalled(): void {
    if (this.startedMs !== null && performance.now() - this.startedMs > SAME_SIGNAL_MS) {
      this.options.atOnce?.();
      process.exit(1);
    }
    void this.begin(0);
  }

  crashed(what: string, error: unknown): void {
    this.options.report(what, error);
    void this.begin(1);
  }

  begin(exitCode: number): Promise<never> {
    this.exitCode = Math.max(this.exitCode, exitCode);
    this.startedMs ??= performance.now();
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<never> {
    const timeoutMs = this.options.timeoutMs ?? TIMEOUT_MS;
    setTimeout(() => {
      this.options.report('shutdown', new Error(`not finished after ${timeoutMs} ms`));
      process.exit(1);
    }, timeoutMs);
    for (const step of this.options.steps) {
      try {
        await step.run();
      } catch (error) {
        this.options.report(step.name, error);
        this.exitCode = 1;
      }
    }
    process.exit(this.exitCode);
  }
}
