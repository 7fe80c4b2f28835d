/**
 * One decoded frame becomes a picture: greys or colours, shutter and overlays, then the part that is asked for, mirrored, turned
 * and scaled, and what is drawn over it. Pure and without waiting, to be run in a worker: plain values and bytes in, bytes out.
 */
import type { DecodedFrame } from '../codecs/frame.ts';
import { drawColour, drawPalette } from './colour.ts';
import { drawMarks, type Marks } from './draw-marks.ts';
import type { Font } from './font.ts';
import { drawGrey } from './grey.ts';
import type { ImageFacts } from './image-facts.ts';
import type { MarkLimits } from './marks.ts';
import { drawOverlays } from './overlays.ts';
import { malformedImage, type Picture, type PictureLimits, pictureBytes } from './picture.ts';
import { place, type Placement } from './placement.ts';
import { pseudoColours } from './pseudo-colour.ts';
import { drawShutter } from './shutter.ts';
import type { Area, Turn } from './turn.ts';

export interface DrawOptions extends Marks {
  /** Of the source image, in whole pixels; what of it is beyond the image is black. Default: all. */
  readonly area?: Area;
  readonly turn?: Turn;
  /** The picture gets as large as fits into this, with square pixels (PS3.18 8.3.5.1.3). Default: as it is stored. */
  readonly viewport?: { readonly width: number; readonly height: number };
}

const still: Turn = { flipsHorizontally: false, flipsVertically: false, rotation: 0 };

/** @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED */
export function drawFrame(
  frame: DecodedFrame,
  facts: ImageFacts,
  options: DrawOptions & { readonly limits: PictureLimits & MarkLimits; readonly font: Font },
): Picture {
  const { limits, font } = options;
  const placement = placementOf(facts, options);
  const picture = place(drawWhole(frame, facts, limits), placement, limits);
  return drawMarks(picture, options, { facts, pixels: frame.pixels, placement, font, limits });
}

/** Where what is asked for stands in a picture of which size. */
export function placementOf(facts: ImageFacts, { area, turn = still, viewport }: DrawOptions): Placement {
  const { rows: height, columns: width } = facts.frame;
  const shown = area ?? { left: 0, top: 0, width, height };
  const isSideways = turn.rotation === 90 || turn.rotation === 270;
  const size = isSideways ? { width: shown.height, height: shown.width } : { width: shown.width, height: shown.height };
  if (viewport === undefined) return { area: shown, turn, ...size };
  return { area: shown, turn, ...fitting(size, viewport, isSideways ? 1 / facts.pixelAspect : facts.pixelAspect) };
}

function drawWhole(frame: DecodedFrame, facts: ImageFacts, limits: PictureLimits): Picture {
  const { rows: height, columns: width, samplesPerPixel } = facts.frame;
  const isGrey = samplesPerPixel === 1 && facts.palette === undefined && facts.pseudoColour === undefined;
  const channels = isGrey ? 1 : 3;
  const lengthBytes = pictureBytes(width, height, channels, limits);
  const pixels = pixelsOf(frame, facts);
  if (pixels.length !== lengthBytes) throw malformedImage('its pixels do not fill it', 'Samples per Pixel');
  const picture: Picture = { width, height, channels, pixels };
  if (facts.shutter !== undefined) drawShutter(picture, facts.shutter);
  drawOverlays(picture, frame.pixels, facts);
  return picture;
}

function pixelsOf(frame: DecodedFrame, facts: ImageFacts): Uint8Array<ArrayBuffer> {
  if (facts.palette !== undefined) return drawPalette(frame.pixels, facts, facts.palette);
  if (facts.frame.samplesPerPixel > 1) return drawColour(frame, facts);
  const greys = drawGrey(frame.pixels, facts);
  return facts.pseudoColour === undefined ? greys : pseudoColours(greys, facts.pseudoColour);
}

/** The largest sides within the viewport that keep the shape of what is shown; at least one pixel each. */
export function fitting(
  { width, height }: { readonly width: number; readonly height: number },
  viewport: { readonly width: number; readonly height: number },
  pixelAspect: number,
): { readonly width: number; readonly height: number } {
  const shownHeight = height * pixelAspect;
  const factor = Math.min(viewport.width / width, viewport.height / shownHeight);
  const side = (length: number, most: number): number => Math.min(most, Math.max(1, Math.round(length * factor)));
  return { width: side(width, viewport.width), height: side(shownHeight, viewport.height) };
}
