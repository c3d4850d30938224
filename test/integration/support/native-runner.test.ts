import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { makeDataDir } from '../../support/data-dir.js';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const RUNNER = fileURLToPath(new URL('../../support/native-runner.js', import.meta.url));

/** Test files, by name; jest begins with the largest one. */
const FILES = {
  'first.mjs': `
    import { afterAll, beforeEach, expect, test } from '@jest/globals';
    let hooks = 0;
    beforeEach(() => { globalThis.hooksOfFirst = ++hooks; });
    afterAll(() => { throw new Error('an afterAll that fails'); });
    test('passes', () => expect(globalThis.hooksOfFirst).toBe(1));
    test('expects something else', () => expect(1).toBe(2));
    test('throws later', async () => { await null; throw new Error('thrown'); });
    test('takes too long', () => new Promise(() => undefined), 50);
    test('forgets a promise', async () => {
      void Promise.reject(new Error('forgotten'));
      await new Promise((resolve) => { setImmediate(() => setImmediate(resolve)); });
    });
    // ${'-'.repeat(1_000)}
  `,
  'second.mjs': `
    import { beforeAll, describe, expect, test } from '@jest/globals';
    test('is not run by the hooks of the first file', () => expect(globalThis.hooksOfFirst).toBe(5));
    describe('whose beforeAll fails', () => {
      beforeAll(() => { throw new Error('no set-up'); });
      test('fails', () => undefined);
    });
  `,
  'third.mjs': `throw new Error('cannot be loaded');`,
};

interface Summary {
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** Runs jest on FILES, all in one process, and gives its summary. */
async function runFiles(): Promise<Summary> {
  const folder = makeDataDir('native-runner');
  for (const [name, source] of Object.entries(FILES)) writeFileSync(path.join(folder, name), source);
  const config = { rootDir: folder, testMatch: ['**/*.mjs'], transform: {}, testRunner: RUNNER };
  const outputFile = path.join(folder, 'summary.json');
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const options = ['--config', JSON.stringify(config), '-i', '--forceExit', '--json', '--outputFile', outputFile];
  await new Promise((resolve) => {
    execFile(process.execPath, ['--experimental-vm-modules', jest, ...options], { cwd: ROOT }, resolve);
  });
  return JSON.parse(readFileSync(outputFile, 'utf8')) as Summary; // jest's own format
}

test('with the runner that shares modules, everything that goes wrong in a file fails its tests, and no other file', async () => {
  const { testResults, numRuntimeErrorTestSuites } = await runFiles();
  const outcomes = testResults.map(({ name, status, message, assertionResults }) => ({
    file: path.basename(name),
    status,
    says: /an afterAll that fails|cannot be loaded/.exec(message)?.[0] ?? null,
    tests: assertionResults.map((result) => `${result.title}: ${result.status}`),
  }));
  expect(outcomes.toSorted((a, b) => a.file.localeCompare(b.file))).toEqual([
    {
      file: 'first.mjs',
      status: 'failed',
      says: 'an afterAll that fails',
      tests: [
        'passes: passed',
        'expects something else: failed',
        'throws later: failed',
        'takes too long: failed',
        'forgets a promise: failed',
      ],
    },
    {
      file: 'second.mjs',
      status: 'failed',
      says: null,
      tests: ['is not run by the hooks of the first file: passed', 'fails: failed'],
    },
    { file: 'third.mjs', status: 'failed', says: 'cannot be loaded', tests: [] },
  ]);
  expect(numRuntimeErrorTestSuites).toBe(2);
}, 60_000);
