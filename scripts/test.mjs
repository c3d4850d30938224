// `npm test`: installs what is missing, builds, runs the jest projects that this machine can run, and says which it
// cannot. Arguments go to jest (`npm test -- --selectProjects unit`).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt, ensureInstalled, requireNodeVersion } from './ready.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const answers = (program, option) => spawnSync(program, [option], { stdio: 'ignore' }).status === 0;
const canMakeNamespace =
  spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' }).status === 0;
const redisServer = ['redis-server', 'valkey-server'].find((program) => answers(program, '--version'));

// Project → whether it can run here, and what it would need. `unit` and `integration` run everywhere.
const needs = {
  chromium: [existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'), 'no /usr/bin/chromium and no CHROMIUM_PATH'],
  netns: [canMakeNamespace, 'unshare and ip cannot make a network namespace: not root, or not there'],
  nginx: [answers('nginx', '-v') || existsSync('/usr/sbin/nginx'), 'no nginx'],
  pgbouncer: [answers('pgbouncer', '--version') || existsSync('/usr/sbin/pgbouncer'), 'no pgbouncer'],
  'redis-server': [redisServer !== undefined, 'no redis-server or valkey-server on PATH'],
  root: [process.getuid?.() === 0, 'this user is not root'],
};

/** One file of `unit` may be asked for; all of them take half the time together. */
function selection(hasArguments) {
  const runnable = Object.keys(needs).filter((name) => needs[name][0]);
  for (const [name, [isMet, reason]] of Object.entries(needs)) {
    if (!isMet) console.log(`Not run: the ${name} tests (${reason}).`);
  }
  return ['--selectProjects', hasArguments ? 'unit' : 'unit-together', 'integration', ...runnable];
}

const MEMORY = '/dev/shm';
const MEMORY_BYTES_MIN = 4 * 1024 ** 3;

/**
 * Where tests keep their files: in memory, if there is enough of it. Every file of tests clones a database of 1 700
 * files, which takes 80 ms of a core there, and 100 to 550 ms on a disk that others write to as well. At full size it
 * is the disk.
 */
function temporaryFolder() {
  if (process.env.TMPDIR !== undefined || process.env.TEST_SIZE === 'full' || !existsSync(MEMORY)) return os.tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  const runsPrograms = !/^\S+ \/dev\/shm \S+ \S*\bnoexec\b/m.test(readFileSync('/proc/mounts', 'utf8'));
  return runsPrograms && Math.min(bavail * bsize, os.freemem()) >= MEMORY_BYTES_MIN ? MEMORY : os.tmpdir();
}

/** Far more than the tests take on a slow machine: a run that goes on for so long does not end by itself. */
const RUN_MS_MAX = (process.env.TEST_SIZE === 'full' ? 120 : 30) * 60_000;

function runJest(args) {
  const TMPDIR = temporaryFolder();
  const folder = mkdtempSync(path.join(TMPDIR, 'tollgate-jest-'));
  const summaryFile = path.join(folder, 'summary.json');
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const nodeArgs = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--enable-source-maps'];
  nodeArgs.push('--min-semi-space-size=16'); // of its workers too, as the tiers have it: less is collected
  const { status } = spawnSync(
    process.execPath,
    // forceExit: what a failed test left open must not keep the run from ending, and from telling what failed.
    [...nodeArgs, jest, ...args, '--forceExit', '--json', `--outputFile=${summaryFile}`],
    {
      cwd: root,
      env: { ...process.env, TMPDIR },
      timeout: RUN_MS_MAX,
      killSignal: 'SIGKILL',
      stdio: ['inherit', 'ignore', 'inherit'], // jest reports on stderr, and would repeat the JSON on stdout
    },
  );
  const summary = existsSync(summaryFile) ? JSON.parse(readFileSync(summaryFile, 'utf8')) : null;
  rmSync(folder, { recursive: true, force: true });
  return { status: status ?? 1, summary };
}

requireNodeVersion();
await ensureInstalled();
await ensureBuilt();
const given = process.argv.slice(2);
const chosen = given.includes('--selectProjects') ? [] : selection(given.length > 0);
console.log(`Redis: ${redisServer ?? 'js-redis-server (no redis-server or valkey-server on PATH)'}`);
if (process.env.TEST_SIZE === 'full') process.env.TEST_SEED ??= String(Math.trunc(Math.random() * 2 ** 31));
if (process.env.TEST_SEED !== undefined)
  console.log(`Test size ${process.env.TEST_SIZE ?? 'normal'}, seed ${process.env.TEST_SEED}`);
const { status, summary } = runJest([...given, ...chosen]);
// A file that could not even be loaded counts as one failure, or it would pass unnoticed.
const failed = summary === null ? 1 : summary.numFailedTests + summary.numRuntimeErrorTestSuites;
console.log(`\n${summary?.numPassedTests ?? 0} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : status);
