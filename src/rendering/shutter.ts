/** Display shutters, PS3.3 C.7.6.11, and those of bitmaps, C.7.6.15: what they cover gets one grey. A pixel is shown when all shapes show it. */
import type { DataSet } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { readColour } from './cielab.ts';
import type { Overlay, Shutter, ShutterShape } from './image-facts.ts';
import { drawOverlay, readOverlays } from './overlays.ts';
import type { Picture } from './picture.ts';

/** A polygon is looked at once for each row of the picture; devices make some ten corners. */
const verticesMax = 1024;

/** The shutter that these attributes describe; shapes that lack theirs are left out. */
export function readShutter(dataSet: DataSet): Shutter | undefined {
  const names = dataSet.texts(Tags.ShutterShape).slice(0, 4);
  const shapes = names.map((name) => readShape(dataSet, name)).filter((shape) => shape !== undefined);
  const bitmap = names.includes('BITMAP') ? readBitmap(dataSet) : undefined;
  if (shapes.length === 0 && bitmap === undefined) return undefined;
  const colour = readColour(dataSet, { lab: Tags.ShutterPresentationColorCIELabValue });
  return {
    shapes,
    ...(bitmap === undefined ? {} : { bitmap }),
    // P-values of 16 bits; black where nothing is said.
    grey: (dataSet.number(Tags.ShutterPresentationValue) ?? 0) >> 8,
    ...(colour === undefined ? {} : { colour }),
  };
}

/** An overlay of the same data set, named by its group. @throws LeadglassError MALFORMED as readOverlays */
function readBitmap(dataSet: DataSet): Overlay | undefined {
  const group = ((dataSet.number(Tags.ShutterOverlayGroup) ?? 0) - 0x6000) * 0x1_0000;
  return readOverlays(dataSet, 1, (other) => other === group)[0];
}

function readShape(dataSet: DataSet, name: string): ShutterShape | undefined {
  switch (name) {
    case 'RECTANGULAR': {
      const edges = [
        Tags.ShutterLeftVerticalEdge,
        Tags.ShutterRightVerticalEdge,
        Tags.ShutterUpperHorizontalEdge,
        Tags.ShutterLowerHorizontalEdge,
      ].map((tag) => dataSet.number(tag));
      const [left, right, top, bottom] = edges;
      if (left === undefined || right === undefined || top === undefined || bottom === undefined) return undefined;
      return { kind: 'rectangle', left: left - 1, right: right - 1, top: top - 1, bottom: bottom - 1 };
    }
    case 'CIRCULAR': {
      const [row = Number.NaN, column = Number.NaN] = dataSet.numbers(Tags.CenterOfCircularShutter);
      const radius = dataSet.number(Tags.RadiusOfCircularShutter);
      if (Number.isNaN(row + column) || radius === undefined) return undefined;
      return { kind: 'circle', row: row - 1, column: column - 1, radius };
    }
    case 'POLYGONAL': {
      const numbers = dataSet.numbers(Tags.VerticesOfThePolygonalShutter);
      const count = Math.floor(numbers.length / 2);
      if (count < 3 || count > verticesMax || numbers.some(Number.isNaN)) return undefined;
      const vertices = Array.from({ length: count }, (_, index) => ({
        row: (numbers[2 * index] ?? 0) - 1,
        column: (numbers[2 * index + 1] ?? 0) - 1,
      }));
      return { kind: 'polygon', vertices };
    }
    default:
      return undefined;
  }
}

/** Covers, in place, what is outside of any shape. */
export function drawShutter(picture: Picture, { shapes, bitmap, grey, colour }: Shutter): void {
  const { width, height, channels, pixels } = picture;
  const value = channels === 3 && colour !== undefined ? colour : [grey, grey, grey];
  const covered = new Uint8Array(width);
  for (let row = 0; row < height; row += 1) {
    covered.fill(0);
    for (const shape of shapes) cover(covered, shape, row);
    for (let column = 0; column < width; column += 1) {
      if (covered[column] === 0) continue;
      const at = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel += 1) pixels[at + channel] = value[channel] ?? grey;
    }
  }
  if (bitmap !== undefined) drawOverlay(picture, bitmap, value);
}

function cover(covered: Uint8Array, shape: ShutterShape, row: number): void {
  switch (shape.kind) {
    case 'rectangle':
      // The edges themselves are shown.
      if (row < shape.top || row > shape.bottom) covered.fill(1);
      else coverOutside(covered, shape.left, shape.right);
      return;
    case 'circle': {
      const half = Math.sqrt(shape.radius ** 2 - (row - shape.row) ** 2);
      if (Number.isNaN(half)) covered.fill(1);
      else coverOutside(covered, shape.column - half, shape.column + half);
      return;
    }
    case 'polygon':
      coverOutsidePolygon(covered, shape.vertices, row);
  }
}

function coverOutside(covered: Uint8Array, left: number, right: number): void {
  covered.fill(1, 0, Math.max(0, Math.ceil(left)));
  covered.fill(1, Math.max(0, Math.floor(right) + 1));
}

/** Even and odd crossings of the row with the sides. */
function coverOutsidePolygon(
  covered: Uint8Array,
  vertices: readonly { readonly row: number; readonly column: number }[],
  row: number,
): void {
  const crossings: number[] = [];
  for (const [index, from] of vertices.entries()) {
    const to = vertices[(index + 1) % vertices.length] ?? from;
    if (from.row > row === to.row > row) continue;
    crossings.push(from.column + ((row - from.row) * (to.column - from.column)) / (to.row - from.row));
  }
  crossings.sort((a, b) => a - b);
  let from = 0;
  for (let index = 0; index < crossings.length; index += 2) {
    const to = Math.max(from, Math.ceil(crossings[index] ?? 0));
    covered.fill(1, from, to);
    from = Math.max(to, Math.floor(crossings[index + 1] ?? 0) + 1);
  }
  covered.fill(1, from);
}
