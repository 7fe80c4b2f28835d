/** Layers of a presentation state, segments and labels, drawn over the image that is in its place already. */
import { Canvas } from './canvas.ts';
import { drawCaption } from './draw-caption.ts';
import { outlineOf } from './outlines.ts';
import type { Font } from './font.ts';
import type { ImageFacts } from './image-facts.ts';
import type { Graphic, Labels, Layer, MarkLimits, Mask, Rgb } from './marks.ts';
import { drawOverlays } from './overlays.ts';
import { malformedImage, type Picture, type PictureLimits, pictureBytes } from './picture.ts';
import { place, type Placement, toPicture } from './placement.ts';
import { drawLine, textScale, wrapped } from './text.ts';
import { white } from './cielab.ts';

export interface Marks {
  /** In the order in which they are drawn. */
  readonly layers?: readonly Layer[];
  readonly masks?: readonly Mask[];
  readonly labels?: Labels;
}

export interface MarkedImage {
  readonly facts: ImageFacts;
  /** The native frame, in which embedded overlays stand. */
  readonly pixels: Uint8Array;
  readonly placement: Placement;
  readonly font: Font;
  readonly limits: PictureLimits & MarkLimits;
}

/** @returns another picture where the marks have colours and it had none. @throws LeadglassError LIMIT_EXCEEDED, MALFORMED */
export function drawMarks(picture: Picture, marks: Marks, image: MarkedImage): Picture {
  const { layers = [], masks = [], labels } = marks;
  const isColoured = masks.length > 0 || layers.some(hasColour);
  const target = isColoured ? asColours(picture, image.limits) : picture;
  const canvas = new Canvas(target, image.limits);
  for (const mask of masks) drawMask(canvas, mask, image);
  for (const layer of layers) drawLayer(canvas, layer, image);
  if (labels !== undefined) drawLabels(canvas, labels, image.font);
  return target;
}

function drawLayer(canvas: Canvas, layer: Layer, image: MarkedImage): void {
  if (layer.overlays.length > 0) {
    const plane = emptyPlane(image);
    canvas.spend(plane.pixels.length);
    drawOverlays(plane, image.pixels, { ...image.facts, overlays: layer.overlays });
    const { pixels } = place(plane, image.placement, image.limits);
    blendPlane(canvas, (at) => (pixels[at] ?? 0) / 255, layer.colour);
  }
  const width = lineWidth(canvas);
  for (const graphic of layer.graphics) drawGraphic(canvas, graphic, { layer, image, width });
  for (const caption of layer.captions) {
    const colour = caption.colour ?? layer.colour;
    const places = { placement: image.placement, font: image.font, colour, lineWidth: width };
    drawCaption(canvas, caption, places);
  }
}

/** Pixels from the picture; beyond, numbers are too coarse to say where a line crosses it. */
const farthest = 1e7;

function drawGraphic(
  canvas: Canvas,
  graphic: Graphic,
  { layer, image, width }: { readonly layer: Layer; readonly image: MarkedImage; readonly width: number },
): void {
  const points = new Float64Array(graphic.points.length);
  for (let at = 0; at < points.length; at += 2) {
    const spot = [graphic.points[at] ?? 0, graphic.points[at + 1] ?? 0] as const;
    const [x, y] = toPicture(image.placement, graphic.units, spot);
    points[at] = Math.min(farthest, Math.max(-farthest, x));
    points[at + 1] = Math.min(farthest, Math.max(-farthest, y));
  }
  const colour = graphic.colour ?? layer.colour;
  const outline = outlineOf(graphic.kind, points);
  if (graphic.isFilled) canvas.fill(outline, graphic.fillColour ?? colour, graphic.fillOpacity);
  const thickness = Math.max(1, width * graphic.thickness) * (graphic.kind === 'point' ? 3 : 1);
  canvas.stroke(outline, thickness, colour);
}

/** Lines that are seen on a large picture when it is shown smaller. */
function lineWidth({ width, height }: Canvas): number {
  return Math.max(1.25, Math.min(width, height) / 512);
}

function emptyPlane({ facts, limits }: MarkedImage, channels: 1 | 3 = 1): Picture {
  const { columns: width, rows: height } = facts.frame;
  return { width, height, channels, pixels: new Uint8Array(pictureBytes(width, height, channels, limits)) };
}

function blendPlane(canvas: Canvas, shareAt: (at: number) => number, colour: Rgb): void {
  for (let y = 0, at = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1, at += 1) canvas.blend(x, y, colour, shareAt(at));
  }
}

function drawMask(canvas: Canvas, mask: Mask, image: MarkedImage): void {
  const lengthBytes = Math.ceil((mask.rows * mask.columns * mask.bits) / 8);
  if (mask.pixels.length < lengthBytes) throw malformedImage('a segment has fewer pixels than its sides say', 'Rows');
  const { meaning } = mask;
  if (meaning.kind === 'share') {
    const plane = emptyPlane(image);
    canvas.spend(plane.pixels.length);
    eachPixel(plane, mask, (at, value) => {
      plane.pixels[at] = Math.round((Math.min(value, meaning.most) * 255) / meaning.most);
    });
    const { pixels } = place(plane, image.placement, image.limits);
    blendPlane(canvas, (at) => ((pixels[at] ?? 0) / 255) * mask.opacity, meaning.colour);
    return;
  }
  // All labels at once: colours where there are some, and how much of each pixel they are.
  const plane = emptyPlane(image);
  const colours = emptyPlane(image, 3);
  canvas.spend(4 * plane.pixels.length);
  eachPixel(plane, mask, (at, value) => {
    const colour = meaning.colours.get(value);
    if (colour === undefined) return;
    plane.pixels[at] = 255;
    colours.pixels.set(colour, 3 * at);
  });
  const { pixels: shares } = place(plane, image.placement, image.limits);
  const { pixels: placed } = place(colours, image.placement, image.limits);
  for (let y = 0, at = 0; y < canvas.height; y += 1) {
    for (let x = 0; x < canvas.width; x += 1, at += 1) {
      const share = (shares[at] ?? 0) / 255;
      if (share === 0) continue;
      // What the colours lost at edges, where there was none beside them, is given back.
      const own = (channel: number): number => Math.min(255, (placed[3 * at + channel] ?? 0) / share);
      canvas.blend(x, y, [own(0), own(1), own(2)], share * mask.opacity);
    }
  }
}

/** Each pixel of the image that the mask covers. */
function eachPixel(plane: Picture, mask: Mask, found: (at: number, value: number) => void): void {
  const [a, b, c, d, e, f] = mask.mapping ?? [1, 0, 0, 0, 1, 0];
  for (let y = 0, at = 0; y < plane.height; y += 1) {
    for (let x = 0; x < plane.width; x += 1, at += 1) {
      const column = Math.round(a * x + b * y + c);
      const row = Math.round(d * x + e * y + f);
      if (!(column >= 0 && row >= 0 && column < mask.columns && row < mask.rows)) continue;
      found(at, valueAt(mask, row * mask.columns + column));
    }
  }
}

function valueAt({ bits, pixels }: Mask, at: number): number {
  if (bits === 1) return ((pixels[at >>> 3] ?? 0) >> (at & 7)) & 1;
  return bits === 8 ? (pixels[at] ?? 0) : (pixels[2 * at] ?? 0) | ((pixels[2 * at + 1] ?? 0) << 8);
}

/** Patient above, technique below, from the left edge; on a small picture what does not fit below the patient is left out. */
function drawLabels(canvas: Canvas, { top, bottom }: Labels, font: Font): void {
  const scale = textScale(canvas.width, canvas.height);
  const margin = 4 * scale;
  const lineHeight = 17 * scale;
  const draw = (lines: readonly string[], first: number): void => {
    for (const [index, line] of lines.entries()) {
      const y = first + index * lineHeight;
      if (y + lineHeight <= canvas.height) drawLine(canvas, line, [margin, y], { font, scale, colour: white });
    }
  };
  const width = canvas.width - 2 * margin;
  const above = wrapped(top, width, font, scale);
  draw(above, margin);
  const below = wrapped(bottom, width, font, scale);
  draw(below, Math.max(margin + above.length * lineHeight, canvas.height - margin - below.length * lineHeight));
}

function hasColour({ colour, graphics, captions }: Layer): boolean {
  const all = [colour, ...graphics.flatMap((graphic) => [graphic.colour, graphic.fillColour])];
  const texts = captions.map((caption) => caption.colour);
  return [...all, ...texts].some((one) => one !== undefined && (one[0] !== one[1] || one[1] !== one[2]));
}

function asColours(picture: Picture, limits: PictureLimits): Picture {
  if (picture.channels === 3) return picture;
  const { width, height, pixels: greys } = picture;
  const pixels = new Uint8Array(pictureBytes(width, height, 3, limits));
  for (const [at, grey] of greys.entries()) pixels.fill(grey, 3 * at, 3 * at + 3);
  return { width, height, channels: 3, pixels };
}
