/** The kinds of graphics (PS3.3 C.10.5.2) as lines from point to point, on the picture: curves in steps of about a pixel or more. */
import type { GraphicKind } from './marks.ts';

/** Steps of a whole turn; at the radius of the largest picture a step is some pixels. */
const turnSteps = 180;
const curveSteps = 12;

/** @param points as many as the kind needs. @returns x and y in turn; of a point, one */
export function outlineOf(kind: GraphicKind, points: Float64Array): Float64Array {
  const at = (index: number): readonly [number, number] => [points[2 * index] ?? 0, points[2 * index + 1] ?? 0];
  switch (kind) {
    case 'point':
    case 'polyline':
      return points;
    case 'interpolated':
      return curve(points);
    case 'circle': {
      // Round on the picture, also where the pixels of the image are not square.
      const [center, edge] = [at(0), at(1)];
      const radius = Math.hypot(edge[0] - center[0], edge[1] - center[1]);
      return around(center, [radius, 0], [0, radius]);
    }
    case 'ellipse': {
      const [a, b, c, d] = [at(0), at(1), at(2), at(3)];
      const center = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
      const major = [(b[0] - a[0]) / 2, (b[1] - a[1]) / 2] as const;
      const minor = [(d[0] - c[0]) / 2, (d[1] - c[1]) / 2] as const;
      return around(center, major, minor);
    }
  }
}

type Pair = readonly [number, number];

function around(center: Pair, major: Pair, minor: Pair): Float64Array {
  const outline = new Float64Array(2 * (turnSteps + 1));
  for (let step = 0; step <= turnSteps; step += 1) {
    const angle = (2 * Math.PI * step) / turnSteps;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    outline[2 * step] = center[0] + cos * major[0] + sin * minor[0];
    outline[2 * step + 1] = center[1] + cos * major[1] + sin * minor[1];
  }
  return outline;
}

/** Through all points (Catmull and Rom), round where the last is the first. */
function curve(points: Float64Array): Float64Array {
  const count = points.length / 2;
  if (count < 3) return points;
  const isClosed = points[0] === points[2 * count - 2] && points[1] === points[2 * count - 1];
  const value = (index: number, axis: number): number => {
    const turned = isClosed ? (index + count - 1) % (count - 1) : Math.min(count - 1, Math.max(0, index));
    return points[2 * turned + axis] ?? 0;
  };
  const outline = new Float64Array(2 * ((count - 1) * curveSteps + 1));
  for (let step = 0; step <= (count - 1) * curveSteps; step += 1) {
    const index = Math.min(count - 2, Math.floor(step / curveSteps));
    const t = step / curveSteps - index;
    for (const axis of [0, 1]) {
      const [p0, p1] = [value(index - 1, axis), value(index, axis)];
      const [p2, p3] = [value(index + 1, axis), value(index + 2, axis)];
      outline[2 * step + axis] =
        p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
    }
  }
  return outline;
}
