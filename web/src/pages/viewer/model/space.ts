/** Vectors and planes in the patient's coordinates (mm, LPS: PS3.3 C.7.6.2.1.1). Pure. */
import type { Plane, Triple } from './image-facts.ts';

export const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const add = (a: Triple, b: Triple, times = 1): Triple => [
  a[0] + b[0] * times,
  a[1] + b[1] * times,
  a[2] + b[2] * times,
];
export const cross = (a: Triple, b: Triple): Triple => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const normalOf = ({ along, down }: Plane): Triple => cross(along, down);
/** How far a plane lies along its own normal, mm. */
export const depthOf = (plane: Plane, normal: Triple = normalOf(plane)): number => dot(plane.position, normal);

/** Within about half a degree. */
export function areParallel(a: Plane, b: Plane): boolean {
  return Math.abs(dot(normalOf(a), normalOf(b))) > 0.99996;
}

/**
 * The letters at the end of a direction: `L` to the patient's left, `P` to the back, `H` to the head and so on, the strongest first,
 * weak ones left out (PS3.3 C.7.6.1.1.1).
 */
export function lettersOf(direction: Triple): string {
  const ends = ['RL', 'AP', 'FH'] as const;
  const length = Math.hypot(...direction) || 1;
  return direction
    .map((value, axis) => ({ size: Math.abs(value) / length, letter: ends[axis]?.[value < 0 ? 0 : 1] ?? '' }))
    .filter(({ size }) => size > 0.25)
    .toSorted((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join('');
}

/** What is on an image at a place of the patient, as column and row; the middle of the first pixel is 0, 0. PS3.3 C.7.6.2.1.1. */
export function pixelAt({ plane, spacing }: Placed, point: Triple): readonly [number, number] {
  const { position, along, down } = plane ?? flat;
  const way = add(point, position, -1);
  return [dot(way, along) / (spacing?.column ?? 1), dot(way, down) / (spacing?.row ?? 1)];
}

/** The reverse of pixelAt. */
export function pointAt({ plane, spacing }: Placed, [column, row]: readonly [number, number]): Triple {
  const { position, along, down } = plane ?? flat;
  return add(add(position, along, column * (spacing?.column ?? 1)), down, row * (spacing?.row ?? 1));
}

interface Placed {
  readonly plane?: Plane;
  readonly spacing?: { readonly row: number; readonly column: number };
}
/** Of an image that lies nowhere. */
export const flat: Plane = { position: [0, 0, 0], along: [1, 0, 0], down: [0, 1, 0] };
