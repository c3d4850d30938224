/** Whether another user of this machine can reach a path, judged by owners and modes. */
import { statSync } from 'node:fs';
import path from 'node:path';

/** True when `uid` can enter `folder` and every folder above it. */
export function canEnter(folder: string, uid: number): boolean {
  if (uid === process.getuid?.()) return true;
  const absolute = path.resolve(folder);
  if (!isOpenTo(absolute, uid, 0o1)) return false;
  return absolute === path.dirname(absolute) || canEnter(path.dirname(absolute), uid);
}

/** True when `uid` can read and execute `file`. */
export function canRun(file: string, uid: number): boolean {
  return canEnter(path.dirname(file), uid) && isOpenTo(file, uid, 0o5);
}

/** `bits` of rwx that `uid` must have; its groups are not looked at, so the answer errs towards false. */
function isOpenTo(file: string, uid: number, bits: number): boolean {
  const { mode, uid: owner } = statSync(file);
  const granted = owner === uid ? mode >> 6 : mode;
  return (granted & bits) === bits;
}
