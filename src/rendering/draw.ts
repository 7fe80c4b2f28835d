/**
 * One decoded frame becomes a picture: greys or colours, shutter and overlays, then the part that is asked for, mirrored, turned
 * and scaled. Pure and without waiting, to be run in a worker: plain values and bytes in, bytes out.
 */
import type { DecodedFrame } from '../codecs/frame.ts';
import { drawColour, drawPalette } from './colour.ts';
import { drawGrey } from './grey.ts';
import type { ImageFacts } from './image-facts.ts';
import { drawOverlays } from './overlays.ts';
import { malformedImage, type Picture, type PictureLimits, pictureBytes } from './picture.ts';
import { scale } from './scale.ts';
import { drawShutter } from './shutter.ts';
import { type Area, crop, type Turn, turn } from './turn.ts';

export interface DrawOptions {
  /** Of the source image, in whole pixels; it must lie within. Default: all. */
  readonly area?: Area;
  readonly turn?: Turn;
  /** The picture gets as large as fits into this, with square pixels (PS3.18 8.3.5.1.3). Default: as it is stored. */
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED; BAD_REQUEST for an area outside */
export function drawFrame(
  frame: DecodedFrame,
  facts: ImageFacts,
  options: DrawOptions & { readonly limits: PictureLimits },
): Picture {
  const { area, viewport, limits } = options;
  const whole = drawWhole(frame, facts, limits);
  const part = area === undefined ? whole : crop(whole, area);
  const turned = options.turn === undefined ? part : turn(part, options.turn);
  if (viewport === undefined) return turned;
  const isSideways = options.turn?.rotation === 90 || options.turn?.rotation === 270;
  const size = fitting(turned, viewport, isSideways ? 1 / facts.pixelAspect : facts.pixelAspect);
  return scale(turned, size.width, size.height, limits);
}

function drawWhole(frame: DecodedFrame, facts: ImageFacts, limits: PictureLimits): Picture {
  const { rows: height, columns: width, samplesPerPixel } = facts.frame;
  const channels = samplesPerPixel === 1 && facts.palette === undefined ? 1 : 3;
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
  return facts.frame.samplesPerPixel === 1 ? drawGrey(frame.pixels, facts) : drawColour(frame, facts);
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
