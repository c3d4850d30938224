// `npm run check`: every gate that needs no database, the quickest first; the format is looked at beside them, for it
// takes one core for as long as all others together. Prints each with its time and stops at the first that fails. `npm
// run check -- lint boundaries` runs the named gates only, `npm run check -- --but 'unit tests'` all others.
import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dashboardSize } from './check/dashboard-size.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = process.execPath;
const bin = (name) => `${root}/node_modules/.bin/${name}`;

const env = { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };

/** Runs a program in the repository; its output is shown only when it fails. */
function run(program, ...args) {
  const done = spawnSync(program, args, { cwd: root, encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
  if (done.error) throw done.error;
  return { passed: done.status === 0, output: `${done.stdout}${done.stderr}`, stdout: done.stdout };
}

/** The same, beside others. */
async function runBeside(program, ...args) {
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  const [status, ...output] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { passed: status === 0, output: output.join('') };
}

/** Dependency-cruiser is green when it finds nothing to look at: it must have seen every compiled file. */
function boundaries() {
  const result = run(bin('depcruise'), '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'dist');
  const { modules, summary } = JSON.parse(result.stdout);
  const seen = modules.filter((module) => module.source.startsWith('dist/')).length;
  const compiled = readdirSync(`${root}/dist`, { recursive: true }).filter(
    (file) => file.endsWith('.js') && !file.startsWith('dashboard'),
  ).length;
  const lines = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
  if (compiled === 0 || seen < compiled) lines.push(`saw ${seen} modules of ${compiled} compiled files`);
  return { passed: lines.length === 0, output: lines.join('\n'), note: `${seen} modules` };
}

/** Generates the SDL and compares it with what is committed, which stays as it was. */
function schema() {
  const path = `${root}/schema/schema.graphql`;
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const result = run(node, 'dist/scripts/generate-schema.js');
  if (!result.passed || readFileSync(path, 'utf8') === before) return result;
  writeFileSync(path, before);
  return { passed: false, output: 'schema/schema.graphql is not what the code says: run `npm run schema`' };
}

/** What `npm ci` will install must be all in the lockfile: npm drops platform packages that were published late. */
function lockfile() {
  const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8'));
  const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isLocked(lock.packages, path, name))
      .map((name) => `${path || 'the root'} needs ${name}, which the lockfile lacks`),
  );
  return { passed: missing.length === 0, output: missing.join('\n') };
}

function isLocked(packages, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true;
    if (folder === '') return false;
  }
}

/** Those of all that is compiled are checked by the build as well. */
function types(isWanted) {
  const result = isWanted('build') ? { passed: true } : run(bin('tsc'), '--noEmit');
  return result.passed ? run(bin('tsc'), '-p', 'dashboard') : result;
}

const GATES = [
  ['lockfile', lockfile],
  ['lint', () => run(bin('oxlint'), '--type-aware', '--deny-warnings')],
  ['types', types],
  ['build', () => run(node, 'scripts/build.mjs')],
  ['house rules', () => run(node, 'dist/scripts/check-house-rules.js')],
  ['boundaries', boundaries],
  ['unused', () => run(bin('knip'), '--no-progress', '--treat-config-hints-as-errors')],
  ['generated docs', () => run(node, 'dist/scripts/generate-docs.js', '--check')],
  ['generated schema', schema],
  ['generated operations', () => run(node, 'scripts/generate-operations.mjs', '--check')],
  ['dashboard size', () => dashboardSize(root)],
  // they use no service, so every core may take some: jest by itself leaves one free
  ['unit tests', () => run(node, ...jest('--selectProjects', 'unit-together', '--maxWorkers=100%'))],
];

function jest(...args) {
  return ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...args];
}

const FORMAT = 'format';
const format = () => runBeside(bin('prettier'), '--check', '--log-level', 'warn', '.');

async function main([first, ...rest]) {
  const isBut = first === '--but';
  const names = isBut || first === undefined ? rest : [first, ...rest];
  const all = [...GATES.map(([gate]) => gate), FORMAT];
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`No gate is called ${unknown.join(', ')}: ${all.join(', ')}`);
  const isWanted = (name) => names.length === 0 || names.includes(name) !== isBut;
  const begunMs = performance.now();
  const formatting = isWanted(FORMAT) ? format() : null;
  for (const [name, gate] of [...GATES, ...(formatting === null ? [] : [[FORMAT, () => formatting]])]) {
    if (!isWanted(name)) continue;
    const startedMs = name === FORMAT ? begunMs : performance.now();
    const { passed, output, note } = await gate(isWanted);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(18)} ${seconds.padStart(5)} s${note ? `  ${note}` : ''}`);
    if (passed) continue;
    console.error(output.trim());
    process.exitCode = 1;
    return;
  }
}

if (!existsSync(bin('oxlint'))) throw new Error('Run `npm ci` first.');
await main(process.argv.slice(2));
