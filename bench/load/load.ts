/** The load's process, as the bench drives it. */
import { PRIORITIES, runFirst } from '../machine.js';
import { Program } from '../program.js';
import { asLoadResult, asPort, type LoadOrder, type LoadResult } from './messages.js';

export interface Load {
  readonly pid: number;
  /** carries out one order; one at a time */
  run(order: LoadOrder): Promise<LoadResult>;
  stop(): Promise<void>;
}

/** Where the bench runs, so that it never takes time from what is measured; and first there, if it may. */
export async function startLoad(): Promise<Load> {
  const program = await Program.node('bench/programs/load.js', { name: 'the load', core: null });
  await program.message(asPort);
  runFirst(program.pid, PRIORITIES.loadAndUpstream);
  return {
    pid: program.pid,
    run(order) {
      program.child.send(order);
      return program.message(asLoadResult);
    },
    stop: () => program.stop(),
  };
}
