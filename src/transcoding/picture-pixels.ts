/** Pictures (PNG, GIF) that are stored as bulk data: what pixels they become by their header, and those pixels, by the codec pool. */
import { pictureEncodings } from '../codecs/capabilities.ts';
import { type FrameFacts, frameBytes } from '../codecs/frame.ts';
import { gifFacts } from '../codecs/gif-picture.ts';
import type { Caller } from '../codecs/pool/codec-pool.ts';
import { pngFacts } from '../codecs/png-picture.ts';
import type { TranscodeServices } from './transcode-instance.ts';

export type PictureEncoding = (typeof pictureEncodings)[keyof typeof pictureEncodings];

export function isPictureEncoding(mediaType: string): mediaType is PictureEncoding {
  return mediaType === pictureEncodings.png || mediaType === pictureEncodings.gif;
}

export interface PictureSize {
  readonly facts: FrameFacts;
  /** Of the pixels. */
  readonly lengthBytes: number;
}

/** @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED */
export function pictureSize(
  encoding: PictureEncoding,
  bytes: Uint8Array,
  { limits }: Pick<TranscodeServices, 'limits'>,
): PictureSize {
  const facts = encoding === pictureEncodings.png ? pngFacts(bytes) : gifFacts(bytes);
  return { facts, lengthBytes: frameBytes(facts, limits.codecs) };
}

/**
 * The pixels in one piece, for whose memory room is held until the next is asked for. `bytes` are handed over.
 * @throws LeadglassError as `pictureSize`; OUT_OF_RESOURCES, TIMED_OUT, CANCELLED
 */
export async function* picturePixels(
  encoding: PictureEncoding,
  { bytes, size }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly size: PictureSize },
  { services, caller }: { readonly services: TranscodeServices; readonly caller: Caller },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { facts, lengthBytes } = size;
  using _held = await services.memory.take({ ...caller, bytes: lengthBytes + bytes.length });
  const { pixels } = await services.codecs.decode({ transferSyntaxUid: encoding, bytes, facts }, caller);
  yield pixels;
}
