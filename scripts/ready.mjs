// What has to be true before anything of ours runs: a Node that is new enough, the packages of the lockfile, a build of
// the sources as they are. Plain JavaScript without packages, since it runs before there are any.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
const NODE_MIN = [20, 19];

export function requireNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(
    `Tollgate needs Node ${NODE_MIN.join('.')} or newer (22 or 24 recommended); this is ${process.versions.node}.`,
  );
  process.exit(1);
}

/** Runs `npm ci` unless node_modules holds what the lockfile says. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  await step('Installing packages', npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']));
}

/** Builds unless dist/ was built from exactly these sources. */
export async function ensureBuilt() {
  if (existsSync(STAMP_FILE) && readFileSync(STAMP_FILE, 'utf8') === sourcesStamp()) return;
  await step('Building', [process.execPath, [path.join(root, 'scripts', 'build.mjs')]]);
}

/** Tests write them. */
const PICTURES = path.join('test', 'e2e', 'screenshots');
const STAMP_FILE = path.join(root, 'dist', '.sources');

/** For the build, when it is done: of which sources it is, as they were when it began. */
export const stampBuild = (stamp) => writeFileSync(STAMP_FILE, stamp);

// npm keeps what it installed in a lockfile of its own inside node_modules, written last.
function isInstalled() {
  const installedFile = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  // What is optional, or for other systems only, may be absent.
  const mayMiss = ({ optional, devOptional, os, cpu }) => Boolean(optional || devOptional || os || cpu);
  return Object.entries(wanted).every(
    ([place, entry]) =>
      place === '' || (installed[place] ? installed[place].version === entry.version : mayMiss(entry)),
  );
}

function npm(args) {
  const cli = process.env.npm_execpath; // set when npm itself runs us: the same npm, wherever it is
  return cli?.endsWith('.js') ? [process.execPath, [cli, ...args]] : ['npm', args];
}

// By name, size and time of every source: notices deleted files and older check-outs too.
export function sourcesStamp() {
  const ignored = /^(?:node_modules|dist|docs|\..*)$/;
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !ignored.test(entry.name),
  );
  const files = folders.flatMap(({ name }) =>
    readdirSync(path.join(root, name), { recursive: true })
      .map((file) => path.join(name, file))
      .filter((file) => !file.startsWith(PICTURES)),
  );
  const hash = createHash('sha256').update(process.version);
  for (const file of [...files.sort(), 'tsconfig.json', 'package-lock.json']) {
    const found = statSync(path.join(root, file));
    if (found.isFile()) hash.update(`${file} ${found.size} ${found.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Shows that something goes on, a line at the start and one every ten seconds. */
async function step(name, [program, args]) {
  const startedMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  console.log(`${name} …`);
  const ticker = setInterval(() => console.log(`${name} … ${seconds()} s`), 10_000);
  const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
  const code = await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  clearInterval(ticker);
  if (code === 0) return;
  console.error(`${name} failed (${code}). What went wrong stands above.`);
  process.exit(1);
}
