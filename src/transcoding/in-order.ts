/** Parts of a stream, some of which have to be converted: several at once, but they leave in the order they came. */

export interface Frame {
  /** From 0. */
  readonly index: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What needs no conversion passes as bytes. */
export type Part = Uint8Array | Frame;

type Leaving = { readonly isFrame: false; readonly bytes: Uint8Array } | FrameLeaving;
interface FrameLeaving {
  readonly isFrame: true;
  readonly converted: Promise<readonly Uint8Array[]>;
}

/**
 * `aheadMax` frames may be under way or done beside the one that is waited for; the source is not read further meanwhile.
 * A conversion that fails does so in its turn. After the end, an error or `return` nothing is waited for any more: who calls
 * cancels what is under way.
 */
export async function* inOrder(
  parts: AsyncIterable<Part>,
  convert: (frame: Frame) => Promise<readonly Uint8Array[]>,
  aheadMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const leaving: Leaving[] = [];
  let frames = 0;
  for await (const part of parts) {
    leaving.push(part instanceof Uint8Array ? { isFrame: false, bytes: part } : begun(convert(part)));
    if (!(part instanceof Uint8Array)) frames += 1;
    for (let first = leaving[0]; first !== undefined && (!first.isFrame || frames > aheadMax); first = leaving[0]) {
      leaving.shift();
      if (first.isFrame) frames -= 1;
      yield* await bytesOf(first);
    }
  }
  for (const last of leaving) yield* await bytesOf(last);
}

function begun(converted: Promise<readonly Uint8Array[]>): FrameLeaving {
  // Looked at in its turn, or never when an earlier one fails.
  converted.catch(() => undefined);
  return { isFrame: true, converted };
}

async function bytesOf(leaving: Leaving): Promise<readonly Uint8Array[]> {
  return leaving.isFrame ? await leaving.converted : [leaving.bytes];
}
