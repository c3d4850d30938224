/** Where the embedded Redis listens: a unix socket, whose path the system bounds at about a hundred bytes. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Linux allows 107, macOS 103. */
const SOCKET_PATH_BYTES_MAX = 100;

/** A socket path for `name` in `folder`, or in a private folder of the system's temporary one when that is too long. */
export function socketPath(folder: string, name: string): string {
  const here = path.join(folder, name);
  if (Buffer.byteLength(here) <= SOCKET_PATH_BYTES_MAX) return here;
  const digest = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16);
  const short = path.join(os.tmpdir(), `tollgate-${digest}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(short);
  // The temporary folder is everybody's: somebody else may have made this one first, to listen in our place.
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new Error(`${short} belongs to another user; remove it.`);
  return path.join(short, name);
}
