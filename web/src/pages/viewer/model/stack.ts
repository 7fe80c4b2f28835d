/** The order of a series' frames, and which frame of another series belongs to one. Pure. */
import type { ImageFacts } from './image-facts.ts';
import { areParallel, depthOf, normalOf } from './space.ts';

/**
 * By position along the common normal where all frames are parallel and no two lie at the same place; else by instance and frame
 * number, which is the order of time for repeated places.
 */
export function inOrder(frames: readonly ImageFacts[]): readonly ImageFacts[] {
  const byNumber = frames.toSorted((a, b) => a.instanceNumber - b.instanceNumber || a.place.frame - b.place.frame);
  const [first] = byNumber;
  if (first?.plane === undefined || frames.length < 2) return byNumber;
  const { plane } = first;
  const normal = normalOf(plane);
  const placed = byNumber.map((frame) => ({
    frame,
    depth: frame.plane !== undefined && areParallel(frame.plane, plane) ? depthOf(frame.plane, normal) : Number.NaN,
  }));
  if (placed.some(({ depth }) => Number.isNaN(depth))) return byNumber;
  const sorted = placed.toSorted((a, b) => a.depth - b.depth);
  const isRepeated = sorted.some(({ depth }, index) => index > 0 && depth - (sorted[index - 1]?.depth ?? 0) < 0.001);
  if (isRepeated) return byNumber;
  // As the acquisition counted: instance 1 stays in front.
  const isBackward = (sorted[0]?.frame.instanceNumber ?? 0) > (sorted.at(-1)?.frame.instanceNumber ?? 0);
  return (isBackward ? sorted.toReversed() : sorted).map(({ frame }) => frame);
}

/**
 * The frame of another stack that lies where this one does: the nearest along the normal, when both share a frame of reference and
 * run parallel. Without that there is no place, and the same step is taken.
 * @param step by how many frames the one was moved
 */
export function linkedIndex(
  from: ImageFacts,
  stack: readonly ImageFacts[],
  { current, step }: { readonly current: number; readonly step: number },
): number {
  const { plane } = from;
  const [first] = stack;
  const isSamePlace =
    plane !== undefined &&
    first?.plane !== undefined &&
    from.frameOfReferenceUid !== '' &&
    from.frameOfReferenceUid === first.frameOfReferenceUid &&
    areParallel(plane, first.plane);
  if (!isSamePlace) return Math.max(0, Math.min(stack.length - 1, current + step));
  const normal = normalOf(plane);
  const depth = depthOf(plane, normal);
  let best = current;
  let bestMm = Number.POSITIVE_INFINITY;
  for (const [index, frame] of stack.entries()) {
    if (frame.plane === undefined) continue;
    const mm = Math.abs(depthOf(frame.plane, normal) - depth);
    if (mm < bestMm) {
      best = index;
      bestMm = mm;
    }
  }
  return best;
}
