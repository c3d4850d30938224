/**
 * A file that one instance alone can read and write: AES-256-GCM under a key of its own, so that what was altered, cut
 * or made elsewhere is told from what was written. It is replaced as a whole, or not at all:
 *
 *     "TGPS" 4 | format 4 | nonce 12 | ciphertext | tag 16
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../../platform/error-code.js';
import { isAlive } from '../../platform/running-process.js';
import { syncFolder } from '../ledger/segments.js';

const ALGORITHM = 'aes-256-gcm';
/** Another format gets another number; a file of any other is as good as none. */
const HEAD = Buffer.from('TGPS\0\0\0\x01', 'latin1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Nothing larger is written by us, nor read. */
export const SNAPSHOT_BYTES_MAX = 96 * 1024 * 1024;

/** The file is there and is not one that this instance has written; its message says why. */
export class UnusableSnapshot extends Error {}

export class SnapshotFile {
  constructor(
    private readonly file: string,
    private readonly key: Buffer,
  ) {}

  /** What was written last; null: nothing. Throws UnusableSnapshot, or what the disk says. */
  async read(): Promise<Buffer | null> {
    const bytes = await this.bytes();
    if (bytes === null) return null;
    const textAt = HEAD.length + NONCE_BYTES;
    if (bytes.length < textAt + TAG_BYTES || !bytes.subarray(0, HEAD.length).equals(HEAD)) {
      throw new UnusableSnapshot('it has another format');
    }
    const decipher = createDecipheriv(ALGORITHM, this.key, bytes.subarray(HEAD.length, textAt));
    decipher.setAAD(HEAD).setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(textAt, -TAG_BYTES)), decipher.final()]);
    } catch (error) {
      throw new UnusableSnapshot('it was altered, or belongs to another instance', { cause: error });
    }
  }

  /**
   * Replaces what is there, and returns how many bytes were written; other work goes on between two pieces. Throws what
   * the disk says, or RangeError at the bound: what was there before still is.
   */
  async write(pieces: Iterable<Buffer>): Promise<number> {
    const unfinished = `${this.file}.${process.pid}`;
    try {
      const handle = await open(unfinished, 'w', 0o600);
      let bytes: number;
      try {
        bytes = await this.encrypt(handle, pieces);
      } finally {
        await handle.close();
      }
      await rename(unfinished, this.file);
      await syncFolder(path.dirname(this.file));
      return bytes;
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** Removes what processes that were killed had begun to write. */
  async removeUnfinished(): Promise<void> {
    const folder = path.dirname(this.file);
    const prefix = `${path.basename(this.file)}.`;
    for (const name of await readdir(folder)) {
      const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : 0;
      if (pid > 0 && (pid === process.pid || !isAlive(pid))) await rm(path.join(folder, name), { force: true });
    }
  }

  private async bytes(): Promise<Buffer | null> {
    try {
      const { size } = await stat(this.file);
      if (size > SNAPSHOT_BYTES_MAX) throw new UnusableSnapshot(`it has more than ${SNAPSHOT_BYTES_MAX} bytes`);
      return await readFile(this.file);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** On the disk when it resolves: a name must not come to stand for bytes that a crash takes. */
  private async encrypt(handle: FileHandle, pieces: Iterable<Buffer>): Promise<number> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce).setAAD(HEAD);
    let written = 0;
    const append = async (bytes: Buffer): Promise<void> => {
      written += bytes.length;
      if (written > SNAPSHOT_BYTES_MAX) throw new RangeError(`a snapshot has at most ${SNAPSHOT_BYTES_MAX} bytes`);
      await handle.appendFile(bytes);
    };
    await append(Buffer.concat([HEAD, nonce]));
    for (const piece of pieces) await append(cipher.update(piece));
    await append(Buffer.concat([cipher.final(), cipher.getAuthTag()]));
    await handle.sync();
    return written;
  }
}
