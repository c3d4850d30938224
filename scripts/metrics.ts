/** `npm run metrics`: sizes of files, functions and parameter lists, against the targets of CONTRIBUTING.md. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { sourceFiles } from './check/source-files.js';
import { distribution, type Distribution } from './metrics/distribution.js';

const FOLDERS = [
  'schema',
  'migrations',
  'platform',
  'api',
  'proxy',
  'cli',
  'dashboard',
  'scripts',
  'demo',
  'bench',
  'ledger-proof',
  'test',
];

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
}

/** Oxlint is asked to complain about everything with a limit of zero: its complaints are the measurements. */
function measure(rule: string, folders: readonly string[]): number[] {
  const config = 'scripts/metrics/functions.oxlintrc.json';
  const args = ['-c', config, '--format=json', ...folders];
  const { stdout } = spawnSync('node_modules/.bin/oxlint', args, {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  const report = JSON.parse(stdout) as Report; // oxlint's own format, of the version that is pinned
  return report.diagnostics
    .filter((diagnostic) => diagnostic.code.includes(rule))
    .map((diagnostic) => Number(/\((\d+)\)/.exec(diagnostic.message)?.[1] ?? 0));
}

function print(name: string, target: string, { count, median, p90, max }: Distribution): void {
  const cells = [count, median, p90, max].map((value) => String(value).padStart(7));
  process.stdout.write(`${name.padEnd(28)}${cells.join('')}   ${target}\n`);
}

const paths = sourceFiles('.', /\.tsx?$/).filter((path) => !path.startsWith('dashboard/src/gql/'));
const lines = (path: string): number => readFileSync(path, 'utf8').split('\n').length - 1;
const present = FOLDERS.filter((folder) => paths.some((path) => path.startsWith(`${folder}/`)));

process.stdout.write(`${''.padEnd(28)}  count median    p90    max   target\n`);
for (const folder of present) {
  const sizes = paths.filter((path) => path.startsWith(`${folder}/`)).map(lines);
  print(`lines a file, ${folder}`, '', distribution(sizes));
}
print('lines a file, all', 'median 100, p90 250, max 400', distribution(paths.map(lines)));
const sources = present.filter((folder) => folder !== 'test');
print('lines a function', 'max 50', distribution(measure('max-lines-per-function', sources)));
print('parameters', 'max 4', distribution(measure('max-params', sources)));
