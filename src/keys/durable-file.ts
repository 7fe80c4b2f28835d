/**
 * Small files that survive a power cut. Node refuses fsync and fdatasync when it runs with `--permission`, as the server
 * does; so files are opened with O_DSYNC, where each write returns only when its bytes, and the metadata needed to find
 * them, are on the disk. Measured on ext4 that is also faster than a write and an fdatasync.
 */
import { closeSync, constants, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

/** Flags for a file that is there, and for one that must not be there yet. */
export const durableFlags = constants.O_RDWR | constants.O_DSYNC;
export const durableNewFlags = durableFlags | constants.O_CREAT | constants.O_EXCL;

/** Writes a file that must not be there yet; durable when this returns. */
export function writeNewFile(path: string, bytes: Uint8Array, mode: number): void {
  const descriptor = openSync(path, durableNewFlags, mode);
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } finally {
    closeSync(descriptor);
  }
}

/** Puts a file in the place of another: a reader, also one after a power cut, sees the old or the new one as a whole. */
export function replaceFile(path: string, text: string, mode: number): void {
  const temporary = `${path}.new`;
  const descriptor = openSync(temporary, durableFlags | constants.O_CREAT | constants.O_TRUNC, mode);
  try {
    const bytes = Buffer.from(text);
    let written = 0;
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

/**
 * Makes the names in a folder durable where Node allows it. With `--permission` it does not; there the journal of the
 * usual file systems (ext4, XFS, Btrfs) brings a new file's name to the disk together with its first durable bytes.
 */
export function syncFolder(path: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    fsyncSync(descriptor);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED')) throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
