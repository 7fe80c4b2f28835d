/** Measurements of a report back onto images: those whose coordinates lie on images and whose shape is one of ours. Pure. */
import type { DataSetJson } from '../../../model/dicom-json.ts';
import { itemAt, itemsAt, numberAt, numbersAt, textAt } from './attributes.ts';
import type { MeasureTool } from './tools.ts';
import { codes, isConcept } from './report-codes.ts';

export interface ReportedShape {
  readonly tool: MeasureTool;
  /** Column and row, the middle of the first pixel 0, 0; in the order of the tool's handles. */
  readonly points: readonly (readonly [number, number])[];
  readonly instance: string;
  /** From 1. */
  readonly frame: number;
}

/** A tree of others may be as deep as it likes. */
const depthMax = 16;
const shapesMax = 1000;

export function shapesOf(report: DataSetJson): readonly ReportedShape[] {
  const shapes: ReportedShape[] = [];
  const walk = (item: DataSetJson, parent: DataSetJson, depth: number): void => {
    if (depth > depthMax || shapes.length >= shapesMax) return;
    if (textAt(item, '0040A040') === 'SCOORD') {
      const shape = shapeOf(item, parent);
      if (shape !== undefined) shapes.push(shape);
    }
    for (const child of itemsAt(item, '0040A730')) walk(child, item, depth + 1);
  };
  walk(report, report, 0);
  return shapes;
}

function shapeOf(item: DataSetJson, parent: DataSetJson): ReportedShape | undefined {
  const image = itemsAt(item, '0040A730').find((child) => textAt(child, '0040A040') === 'IMAGE');
  const reference = itemAt(image, '00081199');
  const instance = textAt(reference, '00081155');
  const flat = numbersAt(item, '00700022');
  const points = Array.from(
    { length: Math.floor(flat.length / 2) },
    (_, index) => [(flat[index * 2] ?? 0) - 0.5, (flat[index * 2 + 1] ?? 0) - 0.5] as const,
  );
  if (instance === '' || points.some((point) => !point.every(Number.isFinite))) return undefined;
  const found = toolOf(textAt(item, '00700023'), points, parent);
  return found === undefined ? undefined : { ...found, instance, frame: numberAt(reference, '00081160') ?? 1 };
}

type Points = ReportedShape['points'];

function toolOf(
  graphic: string,
  points: Points,
  parent: DataSetJson,
): Pick<ReportedShape, 'tool' | 'points'> | undefined {
  const [a, b, c, d, e] = points;
  if (graphic === 'POINT' && a !== undefined) return { tool: 'probe', points: [a] };
  if (graphic === 'ELLIPSE' && points.length === 4 && a && b && c && d)
    return { tool: 'ellipse', points: [a, b, c, d] };
  if (graphic !== 'POLYLINE') return undefined;
  if (points.length === 3 && isConcept(parent, codes.angle)) return { tool: 'angle', points };
  if (points.length === 2 && isConcept(parent, codes.length)) return { tool: 'length', points };
  const isClosed = a !== undefined && e !== undefined && Math.hypot(a[0] - e[0], a[1] - e[1]) < 0.01;
  if (points.length === 5 && isClosed && b && c && d) return { tool: 'rectangle', points: [a, b, d, c] };
  return undefined;
}
