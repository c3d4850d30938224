/**
 * `npm start` as a test sees it: the compiled start in a process of its own, on free ports and a DATA_DIR of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../platform/listen.js';
import { waitFor } from './wait-for.js';

const PROGRAM = fileURLToPath(new URL('../../scripts/start.js', import.meta.url));
const READY_DEADLINE_MS = 60_000; // seconds on an idle machine, many more on a busy one

export interface StartedProcess {
  readonly pid: number;
  readonly apiPort: number;
  readonly proxyPort: number;
  /** stdout and stderr so far, in the order in which they came */
  output(): string;
  /** resolves with the output once it says that everything is ready; throws with it when that does not happen */
  ready(): Promise<string>;
  /** sends the signal and waits for the end */
  end(signal: NodeJS.Signals): Promise<void>;
  /** the exit code (null after a signal that killed it), once it has ended */
  readonly ended: Promise<number | null>;
}

export async function startTollgate(env: NodeJS.ProcessEnv): Promise<StartedProcess> {
  const [apiPort, proxyPort] = await Promise.all([freePort(), freePort()]);
  const ports = { API_PORT: String(apiPort), PROXY_PORT: String(proxyPort) };
  const child = spawn(process.execPath, [PROGRAM], { env: { ...inherited(), ...ports, ...env }, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = once(child, 'close').then(([code]: unknown[]) => (typeof code === 'number' ? code : null));
  const isReady = (): boolean => output.includes('Tollgate is ready') && output.includes('Ctrl-C');
  return {
    pid: child.pid ?? 0,
    apiPort,
    proxyPort,
    output: () => output,
    ready: async () => {
      await waitFor(() => isReady() || child.exitCode !== null, 'the start is ready or has ended', READY_DEADLINE_MS);
      if (!isReady()) throw new Error(`It ended instead:\n${output}`);
      return output;
    },
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
    ended,
  };
}

/** Only what a program needs to run: nothing that somebody's shell sets for Tollgate. */
const inherited = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: process.env['HOME'] });
