/** A DATA_DIR of one's own below the run's folder, where an abandoned server of it is found and ended later. */
import { chmodSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { testConfig } from './config.js';

export function makeDataDir(name = 'data'): string {
  if (testConfig.TEST_RUN_FOLDER === undefined) throw new Error('no test services: run this with `npm test`');
  const folder = mkdtempSync(path.join(testConfig.TEST_RUN_FOLDER, `${name}-`));
  chmodSync(folder, 0o711); // the embedded Postgres may run as another user
  return folder;
}
