/** The upstream's process, as the bench sees it. */
import { asPort } from '../load/messages.js';
import { Program } from '../program.js';

export interface Upstream {
  readonly port: number;
  readonly pid: number;
  /** rejects when it ends unasked */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  const program = await Program.node('bench/programs/upstream.js', { name: 'the upstream', core: null });
  const { pid, failed } = program;
  return { port: await program.message(asPort), pid, failed, stop: () => program.stop() };
}
