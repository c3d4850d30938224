/** The folder of all spools of one machine: this process makes its own there, and inherits those of dead ones. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { errorCode } from '../../platform/error-code.js';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import { shipDeadSpool, type Inheritance } from './dead-spool.js';
import { syncFolder } from './segments.js';
import type { Shipments } from './shipments.js';
import { lockSpool, type SpoolLock } from './spool-lock.js';

const SPOOL_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** In front of the name of a spool that is being removed. */
const GONE = 'gone-';

export interface OwnSpool {
  readonly id: string;
  readonly folder: string;
  readonly lock: SpoolLock;
}

export class SpoolFolder {
  readonly host = hostname();

  constructor(private readonly folder: string) {}

  pathOf(spoolId: string): string {
    return path.join(this.folder, spoolId);
  }

  /**
   * Removes a spool, all of it at once: its files go one by one, and what a crash left of them would tell of requests
   * whose ends are gone.
   */
  async remove(spoolId: string): Promise<void> {
    const gone = this.pathOf(GONE + spoolId);
    try {
      await rename(this.pathOf(spoolId), gone);
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
    return { id, folder: this.pathOf(id), lock };
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
    for (const id of await this.others(ownId)) {
      if (isStopping()) break;
      try {
        const inheritance = await this.inheritOne(id, shipments, isStopping);
        if (inheritance !== null) found(id, inheritance);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Null: it is another's, or left to the next proxy. */
  private async inheritOne(id: string, shipments: Shipments, isStopping: () => boolean): Promise<Inheritance | null> {
    const lock = await lockSpool(id);
    if (lock === null) return null; // its owner lives, or somebody else inherits it
    try {
      return await shipDeadSpool({
        id,
        folder: this.pathOf(id),
        damagedFolder: this.pathOf(`damaged-${id}`),
        host: this.host,
        remove: () => this.remove(id),
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

  private async others(ownId: string): Promise<string[]> {
    const names = await readdir(this.folder);
    return names.filter((name) => SPOOL_NAME.test(name) && name !== ownId).sort();
  }
}
