import { expect, test } from '@jest/globals';
import { CELLS_MIN, MATRIX_TIMEOUT_MS, runMatrix } from '../../support/tenant-matrix/run.js';
import { oneWallShare, TEST_SEED } from '../../support/test-size.js';

test(
  'T-ISO-2 row-level security alone, without the account filter, leaks nothing either',
  async () => {
    const { cells, faults } = await runMatrix('row-level-security');
    process.stderr.write(`tenant matrix (row-level-security): ${cells} cells (TEST_SEED=${TEST_SEED})\n`);
    expect(faults).toEqual([]);
    expect(cells).toBeGreaterThan(CELLS_MIN / oneWallShare);
  },
  MATRIX_TIMEOUT_MS,
);
