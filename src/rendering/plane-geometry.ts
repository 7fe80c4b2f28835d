/** Where the pixels of a frame are in the patient (PS3.3 C.7.6.2.1.1), and from there on another frame. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import { functionalGroup } from './functional-groups.ts';
import { isShort } from './long-values.ts';
import type { Mapping } from './marks.ts';

/** Beside what isImageElement names. */
export const geometryElements: ReadonlySet<Tag> = new Set<Tag>([
  Tags.ImagePositionPatient,
  Tags.ImageOrientationPatient,
]);

type Vector = readonly [number, number, number];

interface Plane {
  /** Of the middle of the first pixel, in mm. */
  readonly origin: Vector;
  /** Along a row, and down a column; of length 1. */
  readonly right: Vector;
  readonly down: Vector;
  /** Between columns, and between rows, in mm. */
  readonly step: readonly [number, number];
}

/** undefined where the frame does not say it. */
function planeOf(dataSet: DataSet, frame: number): Plane | undefined {
  const numbers = (macro: Tag, tag: Tag): readonly number[] => {
    const group = functionalGroup(dataSet, macro, frame);
    return isShort(group, tag) ? group.numbers(tag) : [];
  };
  const position = numbers(Tags.PlanePositionSequence, Tags.ImagePositionPatient);
  const directions = numbers(Tags.PlaneOrientationSequence, Tags.ImageOrientationPatient);
  const spacing = numbers(Tags.PixelMeasuresSequence, Tags.PixelSpacing);
  const [x, y, z] = position;
  const [a, b, c, d, e, f] = directions;
  const [betweenRows, betweenColumns] = spacing;
  if (![x, y, z, a, b, c, d, e, f].every(Number.isFinite)) return undefined;
  if (!(betweenRows !== undefined && betweenRows > 0 && betweenColumns !== undefined && betweenColumns > 0)) {
    return undefined;
  }
  return {
    origin: [x ?? 0, y ?? 0, z ?? 0],
    right: [a ?? 0, b ?? 0, c ?? 0],
    down: [d ?? 0, e ?? 0, f ?? 0],
    step: [betweenColumns, betweenRows],
  };
}

export interface PlacedFrame {
  readonly dataSet: DataSet;
  readonly frame: number;
}

/**
 * From pixels of one frame to those of another in the same, or a parallel, plane.
 * @returns undefined where they are not parallel, or one does not say where it is
 */
export function mappingBetween(from: PlacedFrame, to: PlacedFrame): Mapping | undefined {
  const source = planeOf(from.dataSet, from.frame);
  const target = planeOf(to.dataSet, to.frame);
  if (source === undefined || target === undefined) return undefined;
  if (Math.abs(dot(cross(source.right, source.down), cross(target.right, target.down))) < 0.99) return undefined;
  const offset = minus(source.origin, target.origin);
  const row = (along: Vector, step: number): readonly [number, number, number] => [
    (source.step[0] * dot(source.right, along)) / step,
    (source.step[1] * dot(source.down, along)) / step,
    dot(offset, along) / step,
  ];
  const mapping: Mapping = [...row(target.right, target.step[0]), ...row(target.down, target.step[1])];
  return mapping.every(Number.isFinite) ? mapping : undefined;
}

function dot(one: Vector, other: Vector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

function cross([a, b, c]: Vector, [d, e, f]: Vector): Vector {
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

function minus(one: Vector, other: Vector): Vector {
  return [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
}
