/**
 * The few file operations that the store needs, as an interface, so that tests can hand in a disk that is full, fails or
 * forgets. The real one is at the end; nothing else in the archive opens a segment.
 */
import { constants } from 'node:fs';
import { open, readdir, statfs, unlink } from 'node:fs/promises';

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

export const realFileSystem: FileSystem = {
  async open(path, mode) {
    const handle = await open(path, flags[mode], 0o600);
    return {
      async writev(buffers, position) {
        return (await handle.writev(buffers, position)).bytesWritten;
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
      close: () => handle.close(),
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
