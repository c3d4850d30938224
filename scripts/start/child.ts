/** A process of ours that `npm start` runs: its output goes to a log file, its end is either asked for or a failure. */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../../platform/error-code.js';
import { openLogFile, tailOf } from '../../platform/log-file.js';
import type { ListenAddress } from '../../platform/listen.js';
import { ROOT } from './config.js';

const READY_TIMEOUT_MS = 60_000;
/** Longer than a tier's own bound on draining under this command; a longer DRAIN_SECONDS_MAX is cut by it. */
const DRAIN_TIMEOUT_MS = 50_000;

/** Thrown (and given to `failed`) when a child ended without being asked to. */
export class ChildEndedError extends Error {
  constructor(name: string, how: string, logFile: string) {
    super(`The ${name} ended unexpectedly (${how}). The end of ${logFile}:\n${tailOf(logFile)}`);
    this.name = 'ChildEndedError';
  }
}

export interface ChildOptions {
  readonly name: string;
  /** compiled file below dist/ */
  readonly program: string;
  /** Node's */
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly dataDir: string;
}

export class Child {
  /** rejects when the child ends unasked; otherwise pending for ever */
  readonly failed: Promise<never>;
  private readonly messages = new EventEmitter<{ message: [unknown] }>();
  private readonly received: unknown[] = [];
  private isStopping = false;

  private constructor(
    private readonly child: ChildProcess,
    name: string,
    logFile: string,
  ) {
    child.on('message', (message) => {
      this.received.push(message);
      this.messages.emit('message', message);
    });
    this.failed = new Promise((_, reject) => {
      const fail = (how: string): void => {
        if (!this.isStopping) reject(new ChildEndedError(name, how, logFile));
      };
      child.on('error', (error) => fail(error.message));
      child.on('exit', (code, signal) => fail(signal ?? `exit code ${code}`));
    });
    this.failed.catch(() => undefined); // whoever awaits it gets it; until then it is nobody's crash
  }

  static start(options: ChildOptions): Child {
    const logFile = path.join(options.dataDir, 'logs', `${options.name}.log`);
    const log = openLogFile(logFile);
    const child = spawn(process.execPath, [...options.flags, path.join(ROOT, 'dist', options.program)], {
      cwd: ROOT,
      env: options.env,
      detached: true, // Ctrl-C reaches only us, and we stop the children in order
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    return new Child(child, options.name, logFile);
  }

  /** The first message, past or future, that `parse` makes something of; null after `timeoutMs` without one. */
  async message<T>(parse: (message: unknown) => T | null, timeoutMs: number): Promise<T | null> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (let at = 0; ; at++) {
      if (at === this.received.length) {
        const isThere = await Promise.race([
          once(this.messages, 'message', { signal }).then(
            () => true,
            () => false,
          ),
          this.failed,
        ]);
        if (!isThere) return null;
      }
      const found = parse(this.received[at]);
      if (found !== null) return found;
    }
  }

  /** Calls `listener` with each message that `parse` makes something of, as it comes. */
  onMessage<T>(parse: (message: unknown) => T | null, listener: (found: T) => void): void {
    this.messages.on('message', (message) => {
      const found = parse(message);
      if (found !== null) listener(found);
    });
  }

  /** Waits until `/readyz` answers 200. Throws ChildEndedError, or an Error with the last reason after a minute. */
  async ready(address: ListenAddress): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      const reason = await Promise.race([unreadyReason(address), this.failed]);
      if (reason === null) return;
      if (Date.now() > deadline) throw new Error(`The ${address.name} is not ready after a minute: ${reason}`);
      await Promise.race([delay(25), this.failed]);
    }
  }

  /** Asks it to drain and end; resolves when it has. */
  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const tooLong = setTimeout(() => this.kill(), DRAIN_TIMEOUT_MS);
    await ended;
    clearTimeout(tooLong);
  }

  /** With all that it has started, whose group it leads: workers of a proxy would hold its port. */
  kill(): void {
    this.isStopping = true;
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.child.kill('SIGKILL'); // no such group: it has ended, or this system has none
    }
  }
}

/** null when ready. */
async function unreadyReason({ host, port }: ListenAddress): Promise<string | null> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const authority = reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`;
  try {
    const answer = await fetch(`http://${authority}/readyz`, { signal: AbortSignal.timeout(2_000) });
    return answer.status === 200 ? null : (await answer.text()).slice(0, 500);
  } catch (error) {
    return errorMessage(error);
  }
}
