/** Where one image cuts through another: the line that tells in every other view where one is. Pure. */
import type { ImageFacts, Triple } from './image-facts.ts';
import { add, dot, normalOf, pointAt } from './space.ts';

/** Nearer to parallel than this they do not cross in a way that a person can see. */
const parallel = 0.98;

/**
 * The ends of the line on `image` along which `other` cuts it.
 * @returns undefined where they share no space, run parallel or do not meet
 */
export function crossLine(image: ImageFacts, other: ImageFacts): readonly [Triple, Triple] | undefined {
  if (image.plane === undefined || other.plane === undefined) return undefined;
  if (image.frameOfReferenceUid === '' || image.frameOfReferenceUid !== other.frameOfReferenceUid) return undefined;
  const normal = normalOf(other.plane);
  if (Math.abs(dot(normal, normalOf(image.plane))) > parallel) return undefined;
  const { position } = other.plane;
  const right = image.columns - 0.5;
  const below = image.rows - 0.5;
  const corners = [
    [-0.5, -0.5],
    [right, -0.5],
    [right, below],
    [-0.5, below],
  ] as const;
  const points = corners.map((corner) => pointAt(image, corner));
  const depths = points.map((point) => dot(add(point, position, -1), normal));
  const ends = points.flatMap((point, index): Triple[] => {
    const next = points[(index + 1) % 4] ?? point;
    const [from = 0, to = 0] = [depths[index], depths[(index + 1) % 4]];
    // An end belongs to one edge only.
    if (from < 0 === to < 0) return [];
    return [add(point, add(next, point, -1), from / (from - to))];
  });
  const [one, two] = ends;
  return one === undefined || two === undefined ? undefined : [one, two];
}
