/**
 * From one frame as it is stored to one picture as it is sent: decoded, drawn (src/rendering) and encoded in one go, so that
 * neither samples nor pixels travel between threads. Runs in a worker.
 */
import { type DrawOptions, drawFrame as draw, placementOf } from '../rendering/draw.ts';
import type { ImageFacts } from '../rendering/image-facts.ts';
import type { MarkLimits } from '../rendering/marks.ts';
import { pictureBytes, type PictureLimits, type PictureType } from '../rendering/picture.ts';
import { writePng } from '../rendering/png.ts';
import type { Codecs } from './codecs.ts';
import { decodeFrame } from './decode-frame.ts';
import type { CodecLimits, DecodedFrame } from './frame.ts';

export interface DrawRequest {
  /** Of `bytes`; undefined for a native frame, little endian. */
  readonly transferSyntaxUid: string | undefined;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly image: ImageFacts;
  readonly options: DrawOptions;
  readonly type: PictureType;
  /** JPEG only, 1 to 100. */
  readonly quality: number;
  readonly limits: PictureLimits & MarkLimits;
}

export interface DrawnPicture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED */
export async function drawFrame(codecs: Codecs, request: DrawRequest, limits: CodecLimits): Promise<DrawnPicture> {
  const picture = draw(await decoded(codecs, request, limits), request.image, {
    ...request.options,
    limits: request.limits,
    font: codecs.font,
  });
  const { width, height } = picture;
  const bytes = request.type === 'image/png' ? writePng(picture) : codecs.jpegEncoder.encode(picture, request.quality);
  return { bytes, width, height };
}

/** Bytes that the largest of all pictures on the way may have: the frame's own as RGB, or what is asked for. */
export function drawnBytesMax({ image, options }: Pick<DrawRequest, 'image' | 'options'>): number {
  const { rows, columns } = image.frame;
  const { width, height } = placementOf(image, options);
  return 3 * Math.max(rows * columns, width * height);
}

/** Refused before a frame is read for it. @throws LeadglassError LIMIT_EXCEEDED, MALFORMED */
export function checkDrawing({ image, options, limits }: Pick<DrawRequest, 'image' | 'options' | 'limits'>): void {
  pictureBytes(image.frame.columns, image.frame.rows, 3, limits);
  if (options.viewport !== undefined) pictureBytes(options.viewport.width, options.viewport.height, 3, limits);
  const { width, height } = placementOf(image, options);
  pictureBytes(width, height, 3, limits);
}

async function decoded(codecs: Codecs, request: DrawRequest, limits: CodecLimits): Promise<DecodedFrame> {
  const { transferSyntaxUid, bytes, image } = request;
  if (transferSyntaxUid !== undefined) {
    return await decodeFrame(codecs, { transferSyntaxUid, bytes, facts: image.frame }, limits);
  }
  const { photometricInterpretation, planarConfiguration } = image.frame;
  return { pixels: bytes, photometricInterpretation, planarConfiguration };
}
