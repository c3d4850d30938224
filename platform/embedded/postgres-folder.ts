/**
 * Where the embedded Postgres lives and as whom it runs. Postgres refuses to run as root, so root runs it as `nobody`;
 * where nobody may not enter DATA_DIR (a clone in root's home), it lives in a private folder elsewhere, and a pointer
 * file in DATA_DIR says where, so that moving DATA_DIR loses nothing.
 */
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { canEnter } from './folder-access.js';

const NOBODY = 65_534;
/** Survives a reboot; the second only where the first cannot be made. */
const ELSEWHERE = ['/var/lib/tollgate', '/var/tmp'];

export interface PostgresFolder {
  /** holds the cluster and, if need be, a copy of the binaries */
  readonly home: string;
  /** the cluster itself (PGDATA) */
  readonly cluster: string;
  /** the user and group that Postgres runs as; null: those of this process */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** Finds the folder made by an earlier start, or chooses one. */
export function postgresFolder(dataDir: string): PostgresFolder {
  const pointer = path.join(dataDir, 'postgres-folder');
  if (existsSync(pointer)) return inFolder(readFileSync(pointer, 'utf8').trim());
  const here = path.join(dataDir, 'postgres');
  if (!isRoot() || existsSync(here)) return inFolder(here);
  if (canEnter(dataDir, NOBODY)) return inFolder(here);
  const elsewhere = makePrivateFolder();
  writeFileSync(`${pointer}.new`, `${elsewhere}\n`);
  renameSync(`${pointer}.new`, pointer);
  return inFolder(elsewhere);
}

const isRoot = (): boolean => process.getuid?.() === 0;

function inFolder(home: string): PostgresFolder {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const cluster = path.join(home, 'cluster');
  if (!isRoot()) return { home, cluster, owner: null };
  // A folder that an ordinary user began stays that user's when root starts it later.
  const { uid, gid } = statSync(home);
  const owner = uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid, gid };
  if (uid === 0) chownSync(home, owner.uid, owner.gid);
  return { home, cluster, owner };
}

function makePrivateFolder(): string {
  for (const base of ELSEWHERE) {
    try {
      mkdirSync(base, { recursive: true, mode: 0o711 });
      const folder = mkdtempSync(path.join(base, 'tollgate-postgres-'));
      if (canEnter(base, NOBODY)) return folder;
    } catch {
      // not writable: try the next one
    }
  }
  throw new Error(`No folder for the embedded Postgres: tried ${ELSEWHERE.join(', ')}. Set DATABASE_URL or DATA_DIR.`);
}
