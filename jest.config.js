// One project per environment that tests need; scripts/test.mjs chooses those that this machine can run.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const needsServices = {
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  testRunner: '<rootDir>/test/support/native-runner.js',
};

const project = (name, extra = needsServices) => ({
  displayName: name,
  rootDir: 'dist',
  testMatch: [`<rootDir>/test/${name}/**/*.test.js`],
  testEnvironment: 'node',
  transform: {},
  ...extra,
});

const unitFolder = new URL('dist/test/unit/', import.meta.url);
const unitFiles = (existsSync(unitFolder) ? readdirSync(unitFolder, { recursive: true, encoding: 'utf8' }) : [])
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted();
/** A hook at the top of a file is run around every test of its suite, so that such a file is a suite of its own. */
const hasHooks = (file) => /^(?:before|after)(?:Each|All)\(/m.test(readFileSync(new URL(file, unitFolder), 'utf8'));

/**
 * All unit tests, most of their files in three suites, which keep two cores busy. Jest loads every module anew
 * for every suite, itself included: 0.28 s for each of 124 files, half of what they took.
 */
const unitTogether = () => {
  const alone = unitFiles.filter(hasHooks);
  return project('unit-together', {
    testMatch: ['<rootDir>/test/unit-together/*.test.js', ...alone.map((file) => `<rootDir>/test/unit/${file}`)],
    globals: { unitFiles: unitFiles.filter((file) => !alone.includes(file)) },
  });
};

export default {
  projects: [
    project('unit', {}),
    unitTogether(),
    project('netns', {}),
    ...['integration', 'chromium', 'nginx', 'pgbouncer', 'redis-server', 'root'].map((name) => project(name)),
  ],
  // Jest by itself leaves a core free, which of two is half the machine. Tests share no database, Redis or port.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testSequencer: './dist/test/support/long-files-first.js',
  // Of one test. At full size many do a hundred times as much, and a run of all of them is ended after two hours.
  testTimeout: process.env.TEST_SIZE === 'full' ? 1_800_000 : 60_000,
};
