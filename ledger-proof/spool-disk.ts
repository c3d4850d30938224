/** A disk in memory under the proxies' spools, so that it can be full. Root's to mount; otherwise there is none. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

/** Room for the spools of processes that were killed, until others have inherited them. */
const DISK_BYTES = 2 * 1024 ** 3;
/** Between measuring what is on it and setting its size, more may be written. */
const FILL_TRIES = 20;

export class SpoolDisk {
  private constructor(private readonly folder: string) {}

  /** null: it cannot be made here. */
  static mount(folder: string): SpoolDisk | null {
    if (process.getuid?.() !== 0) return null;
    mkdirSync(folder, { recursive: true });
    return mount(['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=700`, 'tmpfs', folder]) ? new SpoolDisk(folder) : null;
  }

  /** Makes it as small as what is on it. */
  fill(): void {
    for (let tries = 0; tries < FILL_TRIES; tries++) {
      const { blocks, bfree, bsize } = statfsSync(this.folder);
      if (this.resize((blocks - bfree) * bsize)) return;
    }
    throw new Error('the disk under the spools could not be made full');
  }

  free(): void {
    if (!this.resize(DISK_BYTES)) throw new Error('the disk under the spools could not be freed');
  }

  async stop(): Promise<void> {
    spawnSync('umount', ['--lazy', this.folder], { stdio: 'ignore' });
  }

  private resize(bytes: number): boolean {
    return mount(['-o', `remount,size=${Math.max(bytes, 4_096)}`, this.folder]); // a size of 0 means none at all
  }
}

const mount = (args: readonly string[]): boolean => spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
