/** Parts of a picture, mirrored and turned: whole pixels only, none is changed. */
import type { Picture } from './picture.ts';

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Turn {
  readonly flipsHorizontally: boolean;
  readonly flipsVertically: boolean;
  /** Clockwise, after the flips. */
  readonly rotation: 0 | 90 | 180 | 270;
}

/** @param area lies within the picture and has whole sides */
export function crop(picture: Picture, { left, top, width, height }: Area): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const { channels } = picture;
  const pixels = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row += 1) {
    const from = ((top + row) * picture.width + left) * channels;
    pixels.set(picture.pixels.subarray(from, from + width * channels), row * width * channels);
  }
  return { width, height, channels, pixels };
}

export function turn(picture: Picture, { flipsHorizontally, flipsVertically, rotation }: Turn): Picture {
  if (!flipsHorizontally && !flipsVertically && rotation === 0) return picture;
  const { channels, pixels: source } = picture;
  const isSideways = rotation === 90 || rotation === 270;
  const [width, height] = isSideways ? [picture.height, picture.width] : [picture.width, picture.height];
  const pixels = new Uint8Array(source.length);
  const [lastColumn, lastRow] = [picture.width - 1, picture.height - 1];
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, to += channels) {
      let [column, row] = isSideways ? [y, x] : [x, y];
      if (rotation === 90) row = lastRow - row;
      else if (rotation === 180) [column, row] = [lastColumn - column, lastRow - row];
      else if (rotation === 270) column = lastColumn - column;
      if (flipsHorizontally) column = lastColumn - column;
      if (flipsVertically) row = lastRow - row;
      const from = (row * picture.width + column) * channels;
      for (let channel = 0; channel < channels; channel += 1) pixels[to + channel] = source[from + channel] ?? 0;
    }
  }
  return { width, height, channels, pixels };
}
