/**
 * The order of test files. Jest begins with those that took longest the last time, and, before there was one, with the
 * largest ones; but the longest are small, and one that begins last is waited for by an idle machine.
 */
import { createRequire } from 'node:module';

const LONG_FILES = [
  'api/tenant-matrix.test.js',
  'api/tenant-matrix-one-wall.test.js',
  'start/start.test.js',
  'proxy/workers/workers.test.js',
  'start/secrets-stay-secret.test.js',
  'ledger-proof/proof.test.js',
  'api/hostile-text.test.js',
  'api/naughty-strings.test.js',
  'unit-together/first-third.test.js',
  'unit-together/second-third.test.js',
  'unit-together/last-third.test.js',
];

interface TestFile {
  readonly path: string;
  /** of the last time */
  readonly duration?: number;
}
type Sequencer = new (...jest: unknown[]) => { sort(files: TestFile[]): TestFile[] };

const require = createRequire(import.meta.url);
// Its types are those of CommonJS, where an `import` gets a module; this is what jest calls it by.
const { default: JestSequencer } = require('@jest/test-sequencer') as { readonly default: Sequencer };

class LongFilesFirst extends JestSequencer {
  override sort(files: TestFile[]): TestFile[] {
    const sorted = super.sort(files);
    if (sorted.some(({ duration }) => duration !== undefined)) return sorted;
    const isLong = ({ path }: TestFile): boolean => LONG_FILES.some((file) => path.endsWith(file));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default LongFilesFirst; // jest takes the default export and nothing else
