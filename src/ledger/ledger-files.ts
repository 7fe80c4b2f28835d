/**
 * The files of the ledger folder: their names, reading them line by line forwards and backwards with bounded memory, and
 * the few file operations that the writer needs, so that a test can let them fail.
 */
import { readdirSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { durableFlags, durableNewFlags, syncFolder } from '../keys/durable-file.ts';

/** What the writer does with a file. */
export interface LedgerFile {
  /** Writes all of the bytes at this place, durable when it resolves, or throws. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Durable together with the next write. */
  truncate(lengthBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a file for durable writing at places, creating it (mode 0600) when it is new. */
export type OpenLedgerFile = (path: string) => Promise<LedgerFile>;

export const openLedgerFile: OpenLedgerFile = async (path) => {
  let handle: FileHandle;
  try {
    handle = await open(path, durableFlags);
  } catch (error) {
    if (!isMissing(error)) throw error;
    handle = await open(path, durableNewFlags, 0o600);
    syncFolder(join(path, '..'));
  }
  return {
    async write(bytes, position) {
      // A short write is not an error for the system call; the next one then says why.
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
        written += bytesWritten;
      }
    },
    truncate: (lengthBytes) => handle.truncate(lengthBytes),
    close: () => handle.close(),
  };
};

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** `000001.jsonl` */
export function ledgerFileName(number: number): string {
  return `${String(number).padStart(6, '0')}.jsonl`;
}

export const checkpointsFileName = 'checkpoints.jsonl';
export const publicKeyFileName = 'public-key.pem';

/** Numbers of the ledger's files, ascending; gaps are for the caller to judge. */
export function listLedgerFiles(directory: string): readonly number[] {
  return readdirSync(directory)
    .filter((name) => /^[0-9]{6,}\.jsonl$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((a, b) => a - b);
}

/** Length in bytes, 0 when there is no such file. */
export function fileLength(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export interface Line {
  /** Without its line feed. Only valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** Place of its first byte in the file. */
  readonly offset: number;
  /** False for a last line without a line feed, and for one that is longer than the limit. */
  readonly complete: boolean;
}

export interface LineLimits {
  /** A line longer than this is handed out cut and as not complete. */
  readonly lineBytesMax: number;
}

const windowBytes = 1 << 20;

export interface LineRange {
  readonly from?: number;
  /** What stands behind is not read, so that a file that grows meanwhile looks as it was. */
  readonly to?: number;
}

/** The lines of a file, first to last. */
export async function* readLines(
  path: string,
  limits: LineLimits,
  { from = 0, to = Number.POSITIVE_INFINITY }: LineRange = {},
): AsyncGenerator<Line> {
  await using handle = await open(path, 'r');
  const { size } = await handle.stat();
  // One byte more than there is, so that the end is seen without growing; a longer line makes it grow.
  let buffer = Buffer.allocUnsafe(Math.max(1, Math.min(windowBytes, size - from + 1)));
  let filled = 0;
  let start = from;
  for (;;) {
    const wanted = Math.min(buffer.length - filled, to - start - filled);
    const { bytesRead } = await handle.read(buffer, filled, wanted, start + filled);
    filled += bytesRead;
    let lineStart = 0;
    for (;;) {
      const end = buffer.subarray(0, filled).indexOf(0x0a, lineStart);
      if (end === -1) break;
      yield { bytes: buffer.subarray(lineStart, end), offset: start + lineStart, complete: true };
      lineStart = end + 1;
    }
    if (bytesRead === 0 || filled - lineStart > limits.lineBytesMax) {
      if (filled > lineStart) {
        yield { bytes: buffer.subarray(lineStart, filled), offset: start + lineStart, complete: false };
      }
      return;
    }
    buffer.copyWithin(0, lineStart, filled);
    filled -= lineStart;
    start += lineStart;
    if (filled === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
  }
}

export interface LineWindow {
  /** Whole lines, each with its line feed. */
  readonly bytes: Buffer;
  /** Place of its first byte in the file. */
  readonly offset: number;
}

/** Windows of whole lines from the end of a file to its beginning; a torn last line is left out. */
export async function* readWindowsBackwards(path: string, limits: LineLimits): AsyncGenerator<LineWindow> {
  await using handle = await open(path, 'r');
  let start = (await handle.stat()).size;
  // What stands before the first line feed of the window after this one: the end of a line that begins further up.
  let rest: Buffer = Buffer.alloc(0);
  while (start > 0) {
    const end = start;
    start = Math.max(0, end - windowBytes);
    const window = Buffer.allocUnsafe(end - start + rest.length);
    await readFully(handle, window.subarray(0, end - start), start);
    rest.copy(window, end - start);
    // The line that the window begins in is left to the next window, unless this one is at the beginning of the file.
    const linesStart = start === 0 ? 0 : window.indexOf(0x0a) + 1;
    const linesEnd = window.lastIndexOf(0x0a) + 1;
    if (linesEnd > linesStart) yield { bytes: window.subarray(linesStart, linesEnd), offset: start + linesStart };
    rest = linesStart === 0 ? window : Buffer.from(window.subarray(0, linesStart));
    if (rest.length > limits.lineBytesMax + windowBytes) return;
  }
}

async function readFully(handle: FileHandle, target: Buffer, position: number): Promise<void> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) throw new Error('the file became shorter while it was read');
    filled += bytesRead;
  }
}
