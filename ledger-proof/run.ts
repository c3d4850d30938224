/**
 * `npm run ledger-proof`: requests under faults, then the question whether the ledger holds exactly what it should.
 * Ends with 0 only when every count of the verdict is zero. Whatever it starts ends with it.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Running } from '../bench/running.js';
import { onShutdown } from '../platform/shutdown.js';
import { EXPECTED } from './mutation.js';
import { parseOptions, type RunOptions } from './options.js';
import { Proof } from './proof.js';
import { describeRun, describeVerdict } from './report.js';
import { missingFaults } from './schedule.js';
import { isClean } from './verdict.js';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const running = new Running();
const shutDown = onShutdown({
  steps: [{ name: 'stopping what was started', run: () => running.stopAll() }],
  report: (what, error) => process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`),
});

async function makeFolder(keeps: boolean): Promise<{ path: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tollgate-proof-'));
  chmodSync(folder, 0o711); // Postgres may run as another user
  const stop = async (): Promise<void> => {
    if (!keeps) rmSync(folder, { recursive: true, force: true });
  };
  return { path: folder, stop };
}

/** The exit code. */
async function prove(options: RunOptions): Promise<number> {
  const folder = await running.add(() => makeFolder(options.keepsFolder));
  if (options.keepsFolder) say(`Everything is kept in ${folder.path}.`);
  say(`${options.requests} requests, ${options.faults} faults, seed ${options.seed}, ${options.durability} …`);
  const proof = await Proof.start(running, options, folder.path);
  const run = await proof.run();
  const verdict = await proof.check();
  say(`\n${describeRun(options, run, verdict)}`);
  const made = run.faults.filter(({ isMade }) => isMade).map(({ kind }) => kind);
  const missing = missingFaults(made, options.faults);
  if (missing.length > 0) say(`\nToo few faults were made:\n${missing.join('\n')}`);
  if (options.mutation === null) return isClean(verdict) && missing.length === 0 ? 0 : 1;
  const mutated = await proof.checkMutated(options.mutation, verdict);
  say(`\nAfter \`${options.mutation}\` on one row:\n\n${describeVerdict(mutated.verdict)}`);
  const expected = `one more ${EXPECTED[options.mutation]}, and nothing else`;
  say(mutated.isFoundOut ? `\nFound out: ${expected}.` : `\nNOT FOUND OUT: it should have been ${expected}.`);
  return 1; // the ledger was changed, and the checker has to say so
}

try {
  await shutDown(await prove(parseOptions(process.argv.slice(2))));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
