/** A picture as a screen shows it: 8 bits, grey or RGB, by pixel, from the left upper corner. */
import { LeadglassError } from '../error.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `width * height * channels` bytes. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** What pictures are written as. */
export const pictureTypes = ['image/jpeg', 'image/png'] as const;
export type PictureType = (typeof pictureTypes)[number];

export interface PictureLimits {
  /** Pixels of a picture that is made. */
  readonly picturePixelsMax: number;
}

/**
 * Bytes of a picture. Sides are whole numbers from 1; the product is exact.
 * @throws LeadglassError LIMIT_EXCEEDED, MALFORMED
 */
export function pictureBytes(width: number, height: number, channels: 1 | 3, limits: PictureLimits): number {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > 65_535) {
      throw new LeadglassError('MALFORMED', `Cannot draw the picture: ${width} x ${height} are no sides of one`);
    }
  }
  if (width * height > limits.picturePixelsMax) {
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot draw the picture: ${width} x ${height} pixels, the limit is ${limits.picturePixelsMax} in all`,
    );
  }
  return width * height * channels;
}

/** Attributes that contradict each other or the pixels. */
export function malformedImage(what: string, field: string): LeadglassError {
  return new LeadglassError('MALFORMED', `Cannot draw the picture: ${what}`, { field });
}

export function unsupportedImage(what: string, field: string): LeadglassError {
  return new LeadglassError('UNSUPPORTED', `Cannot draw the picture: ${what}`, { field });
}
