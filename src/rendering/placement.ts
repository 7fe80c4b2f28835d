/**
 * Where the image stands in the picture that is made: a part of it, or more than all of it with black around, mirrored, turned and
 * scaled (PS3.3 C.10.4, C.10.6).
 */
import type { Units } from './marks.ts';
import { malformedImage, type Picture, type PictureLimits, pictureBytes } from './picture.ts';
import { scale } from './scale.ts';
import { type Area, crop, type Turn, turn } from './turn.ts';

export interface Placement {
  /** Of the image, in its pixels; may reach beyond it. */
  readonly area: Area;
  readonly turn: Turn;
  /** Of the picture. */
  readonly width: number;
  readonly height: number;
}

/** From a place on the image, or on the displayed area as it is shown, to one on the picture. */
export function toPicture(
  { area, turn: { flipsHorizontally, flipsVertically, rotation }, width, height }: Placement,
  units: Units,
  [x, y]: readonly [number, number],
): readonly [number, number] {
  if (units === 'display') return [x * width, y * height];
  let [u, v] = [(x - area.left) / area.width, (y - area.top) / area.height];
  if (flipsHorizontally) u = 1 - u;
  if (flipsVertically) v = 1 - v;
  switch (rotation) {
    case 0:
      return [u * width, v * height];
    case 90:
      return [(1 - v) * width, u * height];
    case 180:
      return [(1 - u) * width, (1 - v) * height];
    case 270:
      return [v * width, (1 - u) * height];
  }
}

/** @throws LeadglassError MALFORMED when nothing of the image is in the area; LIMIT_EXCEEDED */
export function place(image: Picture, placement: Placement, limits: PictureLimits): Picture {
  const { area, width, height } = placement;
  const inside = within(area, image);
  if (inside.left === area.left && inside.top === area.top && isSameSize(inside, area)) {
    return scale(turn(crop(image, area), placement.turn), width, height, limits);
  }
  const pixels = new Uint8Array(pictureBytes(width, height, image.channels, limits));
  const [left, top] = [inside.left, inside.top];
  const corners = [
    toPicture(placement, 'image', [left, top]),
    toPicture(placement, 'image', [left + inside.width, top + inside.height]),
  ] as const;
  const [from, to] = span(corners[0][0], corners[1][0], width);
  const [first, end] = span(corners[0][1], corners[1][1], height);
  const part = scale(turn(crop(image, inside), placement.turn), to - from, end - first, limits);
  const lineBytes = part.width * image.channels;
  for (let row = 0; row < part.height; row += 1) {
    const line = part.pixels.subarray(row * lineBytes, (row + 1) * lineBytes);
    pixels.set(line, ((first + row) * width + from) * image.channels);
  }
  return { width, height, channels: image.channels, pixels };
}

/** @throws LeadglassError MALFORMED */
export function within(area: Area, { width, height }: { readonly width: number; readonly height: number }): Area {
  const [left, top] = [Math.max(0, area.left), Math.max(0, area.top)];
  const right = Math.min(width, area.left + area.width);
  const bottom = Math.min(height, area.top + area.height);
  if (right > left && bottom > top) return { left, top, width: right - left, height: bottom - top };
  throw malformedImage('the displayed area is none of the image', 'Displayed Area Selection Sequence');
}

function isSameSize(a: Area, b: Area): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Whole pixels, at least one. */
function span(one: number, other: number, side: number): readonly [number, number] {
  const from = Math.min(side - 1, Math.max(0, Math.round(Math.min(one, other))));
  return [from, Math.min(side, Math.max(from + 1, Math.round(Math.max(one, other))))];
}
