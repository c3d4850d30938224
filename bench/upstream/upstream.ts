/** The upstream's process, as the bench sees it. */
import { asPort } from '../load/messages.js';
import { PRIORITIES, runFirst } from '../machine.js';
import { Program } from '../program.js';

export interface Upstream {
  readonly port: number;
  readonly pid: number;
  /** false: what shares its core may make it wait */
  readonly runsFirst: boolean;
  /** rejects when it ends unasked */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const program = await Program.node('bench/programs/upstream.js', { name: 'the upstream', core: null });
  const { pid, failed } = program;
  const port = await program.message(asPort);
  return { port, pid, runsFirst: runFirst(pid, PRIORITIES.loadAndUpstream), failed, stop: () => program.stop() };
}
