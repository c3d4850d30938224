import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Running } from '../../../bench/running.js';
import { MUTATIONS } from '../../../ledger-proof/mutation.js';
import { Proof, type ProofRun } from '../../../ledger-proof/proof.js';
import { describeRun } from '../../../ledger-proof/report.js';
import { missingFaults } from '../../../ledger-proof/schedule.js';
import { isClean, type Verdict } from '../../../ledger-proof/verdict.js';
import { makeDataDir } from '../../support/data-dir.js';
import { ledgerProofSize, TEST_SEED } from '../../support/test-size.js';

/** A run, its waits for what was killed, and three servers of its own to start; far more than it takes. */
const TIMEOUT_MS = 600_000;

const options = { ...ledgerProofSize, seed: TEST_SEED, durability: 'process' } as const;
const running = new Running();
let proof: Proof;
let run: ProofRun;
let verdict: Verdict;

beforeAll(async () => {
  proof = await Proof.start(running, options, makeDataDir('proof'));
  run = await proof.run();
  verdict = await proof.check();
}, TIMEOUT_MS);
afterAll(() => running.stopAll(), TIMEOUT_MS);

test('proxies that are killed and stores that fail lose, double and invent nothing, and no amount is wrong', () => {
  expect(isClean(verdict) ? '' : describeRun(options, run, verdict)).toBe('');
});

test('the run was a hard one: streams, kills in their middle, Postgres away', () => {
  const made = run.faults.filter(({ isMade }) => isMade).map(({ kind }) => kind);
  expect(missingFaults(made, options.faults)).toEqual([]);
  expect(made.filter((kind) => kind === 'kill-mid-stream').length).toBeGreaterThanOrEqual(2);
  expect(made).toContain('postgres-stop');
  const { 'requests sent': sent = 0, 'of them streams': streams = 0 } = verdict.counts;
  expect(sent).toBeGreaterThanOrEqual(options.requests);
  expect(streams / sent).toBeGreaterThan(0.3);
});

describe('the checker finds out a ledger in which', () => {
  test.each(MUTATIONS)('one row is changed: %s', async (mutation) => {
    expect(await proof.checkMutated(mutation, verdict)).toMatchObject({ isFoundOut: true });
  });

  test('every change was taken back', async () => {
    expect(await proof.check()).toEqual(verdict);
  });
});
