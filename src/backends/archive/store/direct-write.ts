/**
 * Writing past the page cache (O_DIRECT). Images are written once and mostly read much later, from another machine's
 * cache: copying each into pages that the kernel has to find first costs more time than the disk needs, and pushes out
 * what is worth keeping. The kernel wants whole blocks, in memory that is aligned to blocks too, so what is to be written
 * is gathered in memory of that kind, unless it lies there already; there is a fixed amount, used again and again.
 */
import type { FileHandle } from 'node:fs/promises';
import { alignedMemory, isAligned } from './aligned-memory.ts';
import { blockBytes } from './record.ts';

/** Gathered and written at once; more goes in several writes. */
const stageBytes = 4 * 1024 * 1024;
/** Writes under way at once with a stage each; whoever comes later waits for one. */
const stagesMax = 4;

const free: Uint8Array[] = [];
const waiting: ((stage: Uint8Array) => void)[] = [];
let made = 0;

function takeStage(): Uint8Array | Promise<Uint8Array> {
  const stage = free.pop();
  if (stage !== undefined) return stage;
  if (made < stagesMax) {
    made += 1;
    return alignedMemory(stageBytes);
  }
  return new Promise((resolve) => waiting.push(resolve));
}

function giveStage(stage: Uint8Array): void {
  const next = waiting.shift();
  if (next === undefined) free.push(stage);
  else next(stage);
}

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
  const stage = await takeStage();
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
    giveStage(stage);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}
