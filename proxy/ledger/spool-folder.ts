/** The folder of all spools of one machine: this process makes its own there, and inherits those of dead ones. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { errorCode } from '../../platform/error-code.js';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import { shipDeadSpool, type Inheritance } from './dead-spool.js';
import { frameKey, segmentKey } from './frames.js';
import { syncFolder } from './segments.js';
import type { Shipments } from './shipments.js';
import { lockSpool, type SpoolLock } from './spool-lock.js';

/**
 * Of a spool whose segments have keys of their own. Releases of before have one key for all, and would find no frame in
 * these: such a name is none to them, and they leave it alone.
 */
const KEYED = 'keyed-';
const SPOOL_NAME = new RegExp(`^(${KEYED})?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`);
/** In front of the name of a spool that is being removed. */
const GONE = 'gone-';

export interface OwnSpool {
  readonly id: string;
  /** of its folder */
  readonly name: string;
  readonly folder: string;
  readonly lock: SpoolLock;
}

interface FoundSpool {
  readonly id: string;
  readonly name: string;
  readonly isKeyed: boolean;
}

export class SpoolFolder {
  readonly host = hostname();

  constructor(private readonly folder: string) {}

  private pathOf(name: string): string {
    return path.join(this.folder, name);
  }

  /**
   * Removes a spool, all of it at once: its files go one by one, and what a crash left of them would tell of requests
   * whose ends are gone.
   */
  async remove(name: string): Promise<void> {
    const gone = this.pathOf(GONE + name);
    try {
      await rename(this.pathOf(name), gone);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return; // it is gone already
      throw error;
    }
    await syncFolder(this.folder);
    await rm(gone, { recursive: true, force: true });
  }

  /** A spool for this process; its lock is taken before it can be seen. */
  async create(): Promise<OwnSpool> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const id = newUuidV7();
    const lock = await lockSpool(id);
    if (lock === null) throw new Error(`the new spool ${id} is locked already`);
    const name = KEYED + id;
    return { id, name, folder: this.pathOf(name), lock };
  }

  /**
   * Ships the spools whose owners are gone, one after the other, until `isStopping`. One that cannot be shipped now
   * holds up none behind it: the first of their errors is thrown at the end. `found` hears of every one that is done.
   */
  async inherit(
    ownId: string,
    shipments: Shipments,
    found: (id: string, what: Inheritance) => void,
    isStopping: () => boolean,
  ): Promise<void> {
    await this.removeGone();
    const failures: unknown[] = [];
    for (const spool of await this.others(ownId)) {
      if (isStopping()) break;
      try {
        const inheritance = await this.inheritOne(spool, shipments, isStopping);
        if (inheritance !== null) found(spool.id, inheritance);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Null: it is another's, or left to the next proxy. */
  private async inheritOne(
    { id, name, isKeyed }: FoundSpool,
    shipments: Shipments,
    isStopping: () => boolean,
  ): Promise<Inheritance | null> {
    const lock = await lockSpool(id);
    if (lock === null) return null; // its owner lives, or somebody else inherits it
    const key = frameKey(id);
    try {
      return await shipDeadSpool({
        id,
        folder: this.pathOf(name),
        keyOf: (segment) => (isKeyed ? segmentKey(key, segment) : key),
        damagedFolder: this.pathOf(`damaged-${name}`),
        host: this.host,
        remove: () => this.remove(name),
        shipments,
        isStopping,
      });
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return null; // whoever inherited it was quicker
    } finally {
      await lock.release();
    }
  }

  /** What processes had begun to remove when they ended. */
  private async removeGone(): Promise<void> {
    const names = await readdir(this.folder);
    for (const name of names.filter((each) => each.startsWith(GONE))) {
      await rm(this.pathOf(name), { recursive: true, force: true });
    }
  }

  private async others(ownId: string): Promise<FoundSpool[]> {
    const found = (await readdir(this.folder)).flatMap((name): FoundSpool[] => {
      const [, prefix, id] = SPOOL_NAME.exec(name) ?? [];
      return id === undefined || id === ownId ? [] : [{ id, name, isKeyed: prefix !== undefined }];
    });
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}
