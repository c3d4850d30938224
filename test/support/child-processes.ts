/** The children of a process of this machine, as Linux tells them. */
import { readFileSync } from 'node:fs';

/** Their pids with their command lines. Throws when the process is not there. */
export function childrenOf(pid: number): readonly { readonly pid: number; readonly command: string }[] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return pids.map((text) => ({ pid: Number(text), command: commandOf(text) }));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it has just ended
  }
}
