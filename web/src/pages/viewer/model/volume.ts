/**
 * Three planes through a series: whether its slices are a volume at all (parallel, square, at one distance), and what stands in each
 * plane. Nothing is interpolated: a plane shows the values as they were measured, in pixels as large as they are. Pure.
 */
import type { ImageFacts, Plane, Triple } from './image-facts.ts';
import type { ScaledValues } from './pixels.ts';
import { add, areParallel, depthOf, dot, normalOf } from './space.ts';

export interface VolumeAxis {
  /** Unit vector. */
  readonly direction: Triple;
  readonly count: number;
  /** mm from one to the next. */
  readonly spacing: number;
}
export interface Volume {
  /** By depth along `axes[2]`. */
  readonly slices: readonly ImageFacts[];
  /** Of columns, of rows, of slices. */
  readonly axes: readonly [VolumeAxis, VolumeAxis, VolumeAxis];
  /** Middle of the first voxel. */
  readonly origin: Triple;
}
export type NoVolume =
  | { readonly reason: 'few' | 'place' | 'direction' | 'size' | 'kind' }
  /** By how many mm distances differ. */
  | { readonly reason: 'spacing'; readonly mm: number };

/** Two bytes each; a browser's tab has to live with them beside everything else. */
const voxelsMax = 160 * 1024 * 1024;
const slicesMin = 5;
/** Distances may differ by so much of themselves: rounding of DS (16 characters) is far below, a missing slice far above. */
const spacingTolerance = 0.02;

export function volumeOf(frames: readonly ImageFacts[]): Volume | NoVolume {
  const [first] = frames;
  if (first === undefined || frames.length < slicesMin) return { reason: 'few' };
  const { rows, columns, spacing, plane } = first;
  if (plane === undefined || spacing === undefined || first.frameOfReferenceUid === '') return { reason: 'place' };
  const isAlike = (frame: ImageFacts): boolean =>
    frame.kind === 'values' && frame.rows === rows && frame.columns === columns && frame.modality === first.modality;
  if (!frames.every(isAlike)) return { reason: 'kind' };
  if (rows * columns * frames.length > voxelsMax) return { reason: 'size' };
  const normal = normalOf(plane);
  const isTurned = frames.some(
    (frame) =>
      frame.plane === undefined || !areParallel(frame.plane, plane) || dot(frame.plane.along, plane.along) < 0.9999,
  );
  if (isTurned || Math.abs(dot(plane.along, plane.down)) > 0.001) return { reason: 'direction' };
  const slices = frames.toSorted((a, b) => depth(a, normal) - depth(b, normal));
  const distances = slices.slice(1).map((slice, index) => depth(slice, normal) - depth(slices[index] ?? slice, normal));
  const mean = distances.reduce((sum, mm) => sum + mm, 0) / distances.length;
  const off = Math.max(...distances.map((mm) => Math.abs(mm - mean)));
  if (!(mean > 0.001) || off > Math.max(0.005, mean * spacingTolerance)) return { reason: 'spacing', mm: off };
  const origin = slices[0]?.plane?.position ?? plane.position;
  // A tilted gantry moves each slice sideways: a square grid of its values would be wrong.
  const last = slices.at(-1)?.plane?.position ?? origin;
  const sideways = add(add(last, origin, -1), normal, -mean * (slices.length - 1));
  if (Math.hypot(...sideways) > Math.max(spacing.row, spacing.column)) return { reason: 'direction' };
  return {
    slices,
    origin,
    axes: [
      { direction: plane.along, count: columns, spacing: spacing.column },
      { direction: plane.down, count: rows, spacing: spacing.row },
      { direction: normal, count: slices.length, spacing: mean },
    ],
  };
}

const depth = ({ plane }: ImageFacts, normal: Triple): number => (plane === undefined ? 0 : depthOf(plane, normal));

/** Of columns, of rows, of slices. */
export type AxisNumber = 0 | 1 | 2;
const axisNumbers = [0, 1, 2] as const;

const planeNames = ['axial', 'coronal', 'sagittal'] as const;
export type PlaneName = (typeof planeNames)[number];

/** A family of planes that are cut at one axis of the volume. */
export interface Cut {
  readonly name: PlaneName;
  /** Which axis of the volume goes through the stack, along a row, down a column. */
  readonly through: AxisNumber;
  readonly along: AxisNumber;
  readonly down: AxisNumber;
  readonly isAlongBack: boolean;
  readonly isDownBack: boolean;
}

/** As radiologists look at them: from the feet, from the front, from the left; the head above (PS3.3 C.7.6.1.1.1 for the axes). */
const wanted: Readonly<
  Record<PlaneName, { readonly normal: AxisNumber; readonly along: Triple; readonly down: Triple }>
> = {
  axial: { normal: 2, along: [1, 0, 0], down: [0, 1, 0] },
  coronal: { normal: 1, along: [1, 0, 0], down: [0, 0, -1] },
  sagittal: { normal: 0, along: [0, 1, 0], down: [0, 0, -1] },
};

export function cutsOf({ axes }: Volume): readonly Cut[] {
  const free: AxisNumber[] = [...axisNumbers];
  return planeNames.map((name) => {
    const { normal, along, down } = wanted[name];
    const strength = (axis: AxisNumber): number => Math.abs(axes[axis].direction[normal]);
    const through = free.reduce((best, axis) => (strength(axis) > strength(best) ? axis : best), free[0] ?? 0);
    free.splice(free.indexOf(through), 1);
    const [one = 0, other = 0] = axisNumbers.filter((axis) => axis !== through);
    const towards = (axis: AxisNumber, way: Triple): number => dot(axes[axis].direction, way);
    const isSwapped = Math.abs(towards(other, along)) > Math.abs(towards(one, along));
    const [a, d] = isSwapped ? ([other, one] as const) : ([one, other] as const);
    return { name, through, along: a, down: d, isAlongBack: towards(a, along) < 0, isDownBack: towards(d, down) < 0 };
  });
}

/** The plane `index` of a cut as a frame. */
export function cutFacts(volume: Volume, cut: Cut, index: number): ImageFacts {
  const through = volume.axes[cut.through];
  const along = volume.axes[cut.along];
  const down = volume.axes[cut.down];
  const [first] = volume.slices;
  if (first === undefined) throw new Error('A volume has slices');
  let position = add(volume.origin, through.direction, index * through.spacing);
  if (cut.isAlongBack) position = add(position, along.direction, (along.count - 1) * along.spacing);
  if (cut.isDownBack) position = add(position, down.direction, (down.count - 1) * down.spacing);
  const plane: Plane = {
    position,
    along: turned(along.direction, cut.isAlongBack),
    down: turned(down.direction, cut.isDownBack),
  };
  const { sliceThickness: _, framesPerSecond: __, ...facts } = first;
  return {
    ...facts,
    place: { ...first.place, instance: `plane-${cut.name}`, frame: index + 1 },
    instanceNumber: index + 1,
    isMade: true,
    rows: down.count,
    columns: along.count,
    spacing: { row: down.spacing, column: along.spacing, at: 'patient' },
    plane,
    // The values come rescaled.
    slope: 1,
    intercept: 0,
  };
}

const turned = ([x, y, z]: Triple, isBack: boolean): Triple => (isBack ? [-x, -y, -z] : [x, y, z]);

/** @param slices values of each slice, row by row, in the order of the volume */
export function cutValues(
  volume: Volume,
  cut: Cut,
  { index, slices }: { readonly index: number; readonly slices: readonly ScaledValues[] },
): ScaledValues {
  const [columns] = volume.axes;
  const along = volume.axes[cut.along].count;
  const down = volume.axes[cut.down].count;
  const isFloat = slices.some((slice) => slice instanceof Float32Array);
  const isLarge = slices.some((slice) => slice instanceof Uint16Array);
  const values = isFloat || isLarge ? new Float32Array(along * down) : new Int16Array(along * down);
  const at = [0, 0, 0];
  at[cut.through] = index;
  for (let row = 0; row < down; row += 1) {
    at[cut.down] = cut.isDownBack ? down - 1 - row : row;
    for (let column = 0; column < along; column += 1) {
      at[cut.along] = cut.isAlongBack ? along - 1 - column : column;
      const [i = 0, j = 0, k = 0] = at;
      values[row * along + column] = slices[k]?.[j * columns.count + i] ?? 0;
    }
  }
  return values;
}
