/**
 * A program that the bench runs: on one core, ended with the bench, and a failure of the run when it ends by itself.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endProcess } from '../platform/running-process.js';

const STOP_TIMEOUT_MS = 15_000;
const OUTPUT_CHARACTERS_MAX = 4_000;

export interface ProgramOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** null: wherever the bench itself runs */
  readonly core: number | null;
}

export interface NodeProgramOptions extends Pick<ProgramOptions, 'name' | 'env' | 'core'> {
  /** for Node itself */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
}

export class Program {
  /** rejects when it ends unasked; otherwise pending for ever */
  readonly failed: Promise<never>;
  readonly pid: number;
  private isStopping = false;
  private output = '';

  private constructor(
    readonly child: ChildProcess,
    name: string,
  ) {
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
      });
    }
    this.failed = new Promise((_, reject) => {
      child.on('exit', (code, signal) => {
        if (!this.isStopping)
          reject(new Error(`${name} ended (${signal ?? code}). The end of its output:\n${this.output}`));
      });
    });
    this.failed.catch(() => undefined); // whoever awaits it gets it; until then it is nobody's crash
  }

  static async start({ name, command, args, env, core }: ProgramOptions): Promise<Program> {
    const pinned = core === null ? [] : ['taskset', '-c', String(core)];
    const [first = command, ...rest] = [...pinned, command, ...args];
    const child = spawn(first, rest, {
      env: env ?? process.env,
      detached: true, // Ctrl-C reaches only the bench, which ends its programs in order
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'], // with the bench gone the channel closes, and our own programs end
    });
    await once(child, 'spawn');
    return new Program(child, name);
  }

  /** A compiled file of ours, below `dist/`. */
  static node(file: string, options: NodeProgramOptions): Promise<Program> {
    const program = fileURLToPath(new URL(`../${file}`, import.meta.url));
    const args = [...(options.flags ?? []), program, ...(options.args ?? [])];
    return Program.start({ ...options, command: process.execPath, args });
  }

  /** The next message that `parse` makes something of. Rejects when the program ends first. */
  async message<T>(parse: (message: unknown) => T | null): Promise<T> {
    let onMessage = (_: unknown): void => undefined;
    const found = new Promise<T>((resolve) => {
      onMessage = (message) => {
        const value = parse(message);
        if (value !== null) resolve(value);
      };
      this.child.on('message', onMessage);
    });
    try {
      return await Promise.race([found, this.failed]);
    } finally {
      this.child.off('message', onMessage);
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    await endProcess(this.pid, { signal: 'SIGTERM', lastSignal: 'SIGKILL', timeoutMs: STOP_TIMEOUT_MS });
  }
}
