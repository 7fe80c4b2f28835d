/**
 * The few file operations that the store needs, as an interface, so that tests can hand in a disk that is full, fails or
 * forgets. The real one is at the end; nothing else in the archive opens a segment.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, statfs, unlink } from 'node:fs/promises';
import { writeDirectly } from './direct-write.ts';

export interface OpenFile {
  /** Writes the buffers at `position`; resolves with the bytes written, which may be fewer, when these are durable. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Reads into the whole of `target` or up to the end of the file; resolves with the bytes read. */
  read(target: Uint8Array, position: number): Promise<number>;
  truncate(lengthBytes: number): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface FileSystem {
  /** `create`: a new file for reading and writing, an error if it exists. `write`: an existing one. `read`: read only. */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<OpenFile>;
  list(directory: string): Promise<readonly string[]>;
  remove(path: string): Promise<void>;
  /**
   * Makes creations and removals in the directory durable where Node allows it. With `--permission` it does not; there the
   * journal of the usual file systems brings a new file's name to the disk with its first durable bytes.
   */
  syncDirectory(directory: string): Promise<void>;
  /** Bytes that an unprivileged process can still write. */
  freeBytes(directory: string): Promise<number>;
}

// O_DSYNC: each write returns when its bytes, and the metadata needed to find them, are on the disk.
const flags = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_DSYNC,
  write: constants.O_RDWR | constants.O_DSYNC,
  read: constants.O_RDONLY,
} as const;

/** A file for writing, past the page cache where the file system can (`direct`). */
async function openForWriting(
  path: string,
  mode: 'create' | 'write',
): Promise<{ readonly handle: FileHandle; readonly direct: boolean }> {
  // Windows and macOS have no such flag, and its type does not say so.
  const directFlag: number | undefined = constants.O_DIRECT;
  if (directFlag !== undefined) {
    try {
      return { handle: await open(path, flags[mode] | directFlag, 0o600), direct: true };
    } catch (error) {
      // A file system without direct writes, such as tmpfs. The file may have been made all the same.
      if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
      if (mode === 'create') await unlink(path).catch(() => undefined);
    }
  }
  return { handle: await open(path, flags[mode], 0o600), direct: false };
}

/** Undefined: not possible here. Some file systems take the flag when a file is opened and refuse each write. */
async function writtenDirectly(
  handle: FileHandle,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<number | undefined> {
  try {
    return await writeDirectly(handle, buffers, position);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EINVAL') return undefined;
    throw error;
  }
}

export const realFileSystem: FileSystem = {
  async open(path, mode) {
    const { handle, direct } =
      mode === 'read' ? { handle: await open(path, flags.read), direct: false } : await openForWriting(path, mode);
    let plain: Promise<FileHandle> | undefined = direct ? undefined : Promise.resolve(handle);
    return {
      async writev(buffers, position) {
        const written = plain === undefined ? await writtenDirectly(handle, buffers, position) : undefined;
        if (written !== undefined) return written;
        plain ??= open(path, flags.write);
        return (await (await plain).writev(buffers, position)).bytesWritten;
      },
      async read(target, position) {
        let done = 0;
        while (done < target.length) {
          const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
          if (bytesRead === 0) break;
          done += bytesRead;
        }
        return done;
      },
      truncate: (lengthBytes) => handle.truncate(lengthBytes),
      async sizeBytes() {
        return (await handle.stat()).size;
      },
      async close() {
        await handle.close();
        const other = await plain;
        if (other !== handle) await other?.close();
      },
    };
  },
  list: (directory) => readdir(directory),
  remove: (path) => unlink(path),
  async syncDirectory(directory) {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED')) throw error;
    } finally {
      await handle.close();
    }
  },
  async freeBytes(directory) {
    const facts = await statfs(directory);
    return facts.bavail * facts.bsize;
  },
};
