import { expect, test } from '@jest/globals';
import { MATRIX_TIMEOUT_MS } from '../../../support/tenant-matrix/run.js';
import { callerShare, restMatrixWalls, TEST_SEED } from '../../../support/test-size.js';
import { runRestMatrix, uncoveredRoutes } from '../../../support/tenant-matrix/rest-run.js';

/** Fewer would not be the matrix: rows, callers or targets are gone. */
const CELLS_MIN = 1_500 / callerShare;

test('every route of the management REST has a row in the tenant matrix', () => {
  expect(uncoveredRoutes()).toEqual([]);
});

test.each(restMatrixWalls)(
  'nobody reads or changes what is not his, by any route, as any caller (walls: %s)',
  async (isolation) => {
    const { cells, faults } = await runRestMatrix(isolation);
    process.stderr.write(`tenant matrix of REST (${isolation}): ${cells} cells (TEST_SEED=${TEST_SEED})\n`);
    expect(faults).toEqual([]);
    expect(cells).toBeGreaterThan(CELLS_MIN);
  },
  MATRIX_TIMEOUT_MS,
);
