/** Makes an empty Postgres cluster (`initdb`); either there is a whole one afterwards or none. */
import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '../error-code.js';
import type { PostgresFolder } from './postgres-folder.js';

const run = promisify(execFile);

/** macOS knows no C.UTF-8 before version 15. */
const LOCALE = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';

export interface NewCluster {
  readonly binaries: string;
  readonly folder: PostgresFolder;
  /** of the superuser `tollgate`, the only login (SCRAM) */
  readonly password: string;
}

/** Throws with initdb's own words when it fails. */
export async function initialiseCluster({ binaries, folder, password }: NewCluster): Promise<void> {
  const unfinished = `${folder.cluster}.new`;
  const passwordFile = path.join(folder.home, 'initdb-password');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (folder.owner !== null) {
    for (const file of [unfinished, passwordFile]) chownSync(file, folder.owner.uid, folder.owner.gid);
  }
  try {
    await run(path.join(binaries, 'bin', 'initdb'), initArguments(unfinished, passwordFile), {
      ...folder.owner,
      cwd: folder.home,
    });
  } catch (error) {
    // It may be nothing that we can mend: initdb refuses a user without an entry in /etc/passwd, for instance.
    throw new Error(`No Postgres cluster could be made; DATABASE_URL takes another. ${errorMessage(error)}`, {
      cause: error,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, folder.cluster);
}

const initArguments = (cluster: string, passwordFile: string): string[] => [
  `--pgdata=${cluster}`,
  '--username=tollgate',
  `--pwfile=${passwordFile}`,
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  `--locale=${LOCALE}`,
  '--no-instructions',
];
