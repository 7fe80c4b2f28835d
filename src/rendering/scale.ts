/**
 * Scaling of pictures: each new pixel is the average of the area that it covers where the picture gets smaller, and lies on the
 * line between its neighbours where it gets larger. Sides one after the other, with weights that are computed once.
 */
import type { Picture, PictureLimits } from './picture.ts';
import { pictureBytes } from './picture.ts';

/** @throws LeadglassError LIMIT_EXCEEDED */
export function scale(picture: Picture, width: number, height: number, limits: PictureLimits): Picture {
  if (width === picture.width && height === picture.height) return picture;
  const { channels } = picture;
  pictureBytes(width, height, channels, limits);
  // Between the two steps stands a picture with one old and one new side: the smaller of the two ways.
  const isWideFirst = width * picture.height <= picture.width * height;
  const between = isWideFirst ? { width, height: picture.height } : { width: picture.width, height };
  pictureBytes(between.width, between.height, channels, limits);
  const first = isWideFirst ? scaleRows(picture, width) : scaleColumns(picture, height);
  return isWideFirst ? scaleColumns(first, height) : scaleRows(first, width);
}

/** The pixels that make one new one, from `from` on, with what each counts; they come to 1 together. */
interface Mix {
  readonly from: number;
  readonly weights: Float32Array;
}

function mixes(before: number, after: number): readonly Mix[] {
  const ratio = before / after;
  return Array.from({ length: after }, (_, index) =>
    ratio > 1 ? average(index, ratio, before) : between(index, ratio, before),
  );
}

function average(index: number, ratio: number, before: number): Mix {
  const [start, end] = [index * ratio, (index + 1) * ratio];
  const from = Math.floor(start);
  const to = Math.min(before, Math.max(from + 1, Math.ceil(end - 1e-9)));
  const weights = Float32Array.from({ length: to - from }, (_, at) => {
    const covered = Math.min(end, from + at + 1) - Math.max(start, from + at);
    return covered / ratio;
  });
  return { from, weights };
}

function between(index: number, ratio: number, before: number): Mix {
  const at = Math.min(before - 1, Math.max(0, (index + 0.5) * ratio - 0.5));
  const from = Math.min(Math.floor(at), Math.max(0, before - 2));
  const share = at - from;
  return { from, weights: before === 1 ? Float32Array.of(1) : Float32Array.of(1 - share, share) };
}

function scaleRows(picture: Picture, width: number): Picture {
  if (width === picture.width) return picture;
  const { height, channels, pixels: source } = picture;
  const pixels = new Uint8Array(width * height * channels);
  const mix = mixes(picture.width, width);
  for (let row = 0, to = 0; row < height; row += 1) {
    const start = row * picture.width * channels;
    for (const { from, weights } of mix) {
      for (let channel = 0; channel < channels; channel += 1, to += 1) {
        let sum = 0.5;
        let at = start + from * channels + channel;
        for (let index = 0; index < weights.length; index += 1, at += channels) {
          sum += (weights[index] ?? 0) * (source[at] ?? 0);
        }
        pixels[to] = Math.min(255, sum);
      }
    }
  }
  return { width, height, channels, pixels };
}

function scaleColumns(picture: Picture, height: number): Picture {
  if (height === picture.height) return picture;
  const { width, channels, pixels: source } = picture;
  const lineBytes = width * channels;
  const pixels = new Uint8Array(lineBytes * height);
  const sums = new Float32Array(lineBytes);
  for (const [row, { from, weights }] of mixes(picture.height, height).entries()) {
    sums.fill(0.5);
    for (const [index, weight] of weights.entries()) {
      const line = (from + index) * lineBytes;
      for (let at = 0; at < lineBytes; at += 1) sums[at] = (sums[at] ?? 0) + weight * (source[line + at] ?? 0);
    }
    const to = row * lineBytes;
    for (let at = 0; at < lineBytes; at += 1) pixels[to + at] = Math.min(255, sums[at] ?? 0);
  }
  return { width, height, channels, pixels };
}
