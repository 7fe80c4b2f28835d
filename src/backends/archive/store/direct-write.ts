/**
 * Writing past the page cache (O_DIRECT). Images are written once and mostly read much later, from another machine's
 * cache: copying each into pages that the kernel has to find first costs more time than the disk needs, and pushes out
 * what is worth keeping. The kernel wants whole blocks, in memory that is aligned to blocks too, so what is to be written
 * is gathered in memory of that kind, unless it lies there already; there is a fixed amount, used again and again.
 */
import type { FileHandle } from 'node:fs/promises';
import { alignedMemory, isAligned } from './aligned-memory.ts';
import { Lending } from './lending.ts';
import { blockBytes } from './record.ts';

/** Gathered and written at once; more goes in several writes. */
const stageBytes = 4 * 1024 * 1024;
/** Writes under way at once with a stage each; whoever comes later waits for one. */
const stagesMax = 4;

/** Of the process: memory is, too. */
const stages = new Lending<Uint8Array>([], { make: () => alignedMemory(stageBytes), most: stagesMax });

/**
 * Writes all of `buffers` at `position`, in whole blocks; the handle was opened with O_DIRECT.
 * @returns the bytes written, always all of them; undefined when they are no whole blocks: nothing was written
 */
export async function writeDirectly(
  handle: FileHandle,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<number | undefined> {
  const lengthBytes = buffers.reduce((sum, { length }) => sum + length, 0);
  if (position % blockBytes !== 0 || lengthBytes % blockBytes !== 0) return undefined;
  if (buffers.every((buffer) => isAligned(buffer, blockBytes))) {
    const { bytesWritten } = await handle.writev(buffers, position);
    if (bytesWritten === lengthBytes) return bytesWritten;
    // Cut short, which is rare: once more, from the beginning.
  }
  const stage = await stages.take();
  try {
    let staged = 0;
    let done = 0;
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length; ) {
        const part = buffer.subarray(at, at + stageBytes - staged);
        stage.set(part, staged);
        at += part.length;
        staged += part.length;
        if (staged < stageBytes && done + staged < lengthBytes) continue;
        await writeAll(handle, stage.subarray(0, staged), position + done);
        done += staged;
        staged = 0;
      }
    }
    return done;
  } finally {
    stages.give(stage);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}
