/** The bare Node control, as a system. */
import { asPort, CHAT_PATH } from '../load/messages.js';
import { Program } from '../program.js';
import type { Surroundings, System } from '../system.js';

export async function startBareRelay({ upstreamPort, core }: Surroundings): Promise<System> {
  const program = await Program.node('bench/programs/bare-relay.js', {
    name: 'the bare relay',
    core,
    args: [`http://127.0.0.1:${upstreamPort}`],
  });
  const port = await program.message(asPort);
  const target = { port, path: CHAT_PATH, headers: [] };
  return { name: 'bare', pid: program.pid, target, failed: program.failed, stop: () => program.stop() };
}
