// The dashboard's part of the build: dist/dashboard/site (what browsers load, compressed beforehand) and documents.json
// (the documents that its pages send, by hash: the api takes them under that name). Left alone when nothing it is made
// of changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What it leaves in dist/dashboard; beside it stands what tests compile of its sources. */
export const BUNDLE = ['site', 'documents.json', '.bundled'];
const COMPRESSED = /\.(?:css|html|js|svg)$/;

export function buildDashboard(root) {
  const target = path.join(root, 'dist', 'dashboard');
  const stampFile = path.join(target, '.bundled');
  const stamp = stampOf(root);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const run = (file, ...args) =>
    execFileSync(process.execPath, [path.join(root, 'node_modules', file), ...args], { cwd: root, stdio: 'inherit' });
  run('typescript/bin/tsc', '-p', 'dashboard');
  run('vite/bin/vite.js', 'build', 'dashboard', '--logLevel', 'error');
  compress(path.join(target, 'site'));
  mkdirSync(target, { recursive: true });
  copyFileSync(path.join(root, 'dashboard/src/gql/persisted-documents.json'), path.join(target, 'documents.json'));
  writeFileSync(stampFile, stamp);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}

/** By content: another check-out has other times. */
function stampOf(root) {
  const hash = createHash('sha256').update(process.version);
  const own = [path.join(root, 'package-lock.json'), path.join(root, 'scripts/build-dashboard.mjs')];
  for (const file of [...filesBelow(path.join(root, 'dashboard')), ...own]) {
    hash.update(`${path.relative(root, file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function compress(site) {
  for (const file of filesBelow(site)) {
    if (!COMPRESSED.test(file)) continue;
    const body = readFileSync(file);
    const variants = { br: brotliCompressSync(body), gz: gzipSync(body, { level: 9 }) };
    for (const [ending, bytes] of Object.entries(variants)) {
      if (bytes.length < body.length) writeFileSync(`${file}.${ending}`, bytes);
    }
  }
}
