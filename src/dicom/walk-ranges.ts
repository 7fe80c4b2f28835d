/** Leads a walker over a data set that can be read from any place: long values that nobody wants are not read. */
import type { DataSetWalker } from './data-set-walker.ts';
import type { RangedBytes } from './ranged-bytes.ts';

/** Most heads of images fit in the first; what is larger has long values, or is read through in large pieces. */
const firstBytes = 64 * 1024;
const mostBytes = 1024 * 1024;

/**
 * Yields after each piece. The caller ends the walker, or stops early.
 * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED from the content; what reading throws
 */
export async function* walkRanges(source: RangedBytes, walker: DataSetWalker): AsyncGenerator<void, void, undefined> {
  const { lengthBytes } = source;
  let at = 0;
  let windowBytes = firstBytes;
  while (at < lengthBytes) {
    const asked = Math.min(windowBytes, lengthBytes - at);
    const from = at;
    for await (const chunk of source.readRange(at, asked)) {
      walker.push(chunk);
      at += chunk.length;
      yield;
    }
    // Fewer than asked for: the end.
    if (at < from + asked) return;
    windowBytes = Math.min(mostBytes, windowBytes * 2);
    const skipped = Math.min(walker.unwantedBytes, lengthBytes - at);
    if (skipped === 0) continue;
    walker.passOver(skipped);
    at += skipped;
    windowBytes = firstBytes;
  }
}
