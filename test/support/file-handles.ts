/** Faults of the disk, put in where Node's file handles are: what they say then, the real ones would say too. */
import { jest } from '@jest/globals';
import { open, type FileHandle } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** What a disk says that has lost what it was given. */
export const diskError = (): Error => Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

/**
 * In place of a method of every file handle; `jest.restoreAllMocks()` takes it away. `instead` gets the handle, and the
 * method as it was.
 */
export async function replaceOnHandles(
  method: 'datasync' | 'sync',
  instead: (handle: FileHandle, original: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const handle = await open(fileURLToPath(import.meta.url), 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle; // all handles share it
  await handle.close();
  const original = prototype[method];
  jest.spyOn(prototype, method).mockImplementation(function (this: FileHandle) {
    return instead(this, () => original.call(this));
  });
}
