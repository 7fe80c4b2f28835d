/**
 * A text of a presentation state (PS3.3 C.10.5.1.1): within its box, else beside its anchor, with a line to an anchor that is to be
 * seen. It stands upright, also on an image that is turned, and is moved so that it lies on the picture.
 */
import type { Canvas } from './canvas.ts';
import type { Font } from './font.ts';
import type { Caption, Rgb } from './marks.ts';
import { type Placement, toPicture } from './placement.ts';
import { drawLine, textScale, textWidth } from './text.ts';

export interface CaptionPlaces {
  readonly placement: Placement;
  readonly font: Font;
  readonly colour: Rgb;
  readonly lineWidth: number;
}

interface Block {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}

const lineRows = 17;

export function drawCaption(canvas: Canvas, caption: Caption, places: CaptionPlaces): void {
  const { font, colour } = places;
  const block = blockOf(canvas, caption, places);
  const { anchor, box } = caption;
  if (anchor?.isVisible === true) {
    const spot = toPicture(places.placement, anchor.units, [anchor.x, anchor.y]);
    canvas.stroke(Float64Array.of(...spot, ...nearest(block, spot)), places.lineWidth, colour);
    canvas.stroke(Float64Array.of(...spot), 3 * places.lineWidth, colour);
  }
  for (const [index, line] of caption.lines.entries()) {
    const spare = block.width - textWidth(line, font, block.scale);
    const indent = box?.align === 'right' ? spare : box?.align === 'center' ? spare / 2 : 0;
    const at = [Math.round(block.left + indent), block.top + index * lineRows * block.scale] as const;
    drawLine(canvas, line, at, { font, colour, scale: block.scale });
  }
}

function blockOf(canvas: Canvas, { lines, box, anchor }: Caption, { placement, font }: CaptionPlaces): Block {
  const usual = textScale(canvas.width, canvas.height);
  const widthAt = (scale: number): number => Math.max(...lines.map((line) => textWidth(line, font, scale)), 0);
  if (box === undefined) {
    const [x, y] = anchor === undefined ? [0, 0] : toPicture(placement, anchor.units, [anchor.x, anchor.y]);
    const size = { width: widthAt(usual), height: lines.length * lineRows * usual, scale: usual };
    return onCanvas(canvas, { left: x + 12 * usual, top: y - 8 * usual - size.height, ...size });
  }
  const one = toPicture(placement, box.from.units, [box.from.x, box.from.y]);
  const other = toPicture(placement, box.to.units, [box.to.x, box.to.y]);
  const [left, top] = [Math.min(one[0], other[0]), Math.min(one[1], other[1])];
  const [boxWidth, boxHeight] = [Math.abs(one[0] - other[0]), Math.abs(one[1] - other[1])];
  // As large as is usual, smaller where that does not fit; the text may leave its box rather than be unreadable.
  let scale = usual;
  while (scale > 1 && (widthAt(scale) > boxWidth || lines.length * lineRows * scale > boxHeight)) scale -= 1;
  const width = Math.max(widthAt(scale), boxWidth);
  return onCanvas(canvas, { left, top, width, height: Math.max(lines.length * lineRows * scale, boxHeight), scale });
}

/** Whole pixels, and on the picture where it fits. */
function onCanvas(canvas: Canvas, block: Block): Block {
  const moved = (at: number, length: number, side: number): number =>
    Math.round(Math.max(2, Math.min(at, side - length - 2)));
  return {
    ...block,
    left: moved(block.left, block.width, canvas.width),
    top: moved(block.top, block.height, canvas.height),
  };
}

function nearest({ left, top, width, height }: Block, [x, y]: readonly [number, number]): readonly [number, number] {
  return [Math.min(left + width, Math.max(left, x)), Math.min(top + height, Math.max(top, y))];
}
