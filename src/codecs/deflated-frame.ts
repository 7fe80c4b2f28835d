/** Deflated Image Frame Compression, PS3.5 A.4.13: each frame is a raw deflate stream (RFC 1951) of its native bytes. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { LeadglassError } from '../error.ts';
import { malformedFrame } from './frame.ts';

/** Inflates at most `lengthBytes` and one: a bomb stops there. @throws LeadglassError MALFORMED */
export function inflateFrame(bytes: Uint8Array, lengthBytes: number): Uint8Array<ArrayBuffer> {
  let inflated: Uint8Array;
  try {
    // An odd frame is padded inside or after its stream; what stands behind the stream is not looked at.
    inflated = inflateRawSync(bytes, { maxOutputLength: lengthBytes + 1 });
  } catch (cause) {
    const tooLong = cause instanceof RangeError;
    if (tooLong) {
      throw new LeadglassError(
        'LIMIT_EXCEEDED',
        `Cannot decode the frame: it inflates to more than ${lengthBytes} bytes`,
        {
          cause,
        },
      );
    }
    throw malformedFrame('it is no deflate stream', String(cause));
  }
  const isPadded = inflated.length === lengthBytes + 1 && lengthBytes % 2 === 1;
  if (inflated.length !== lengthBytes && !isPadded) {
    throw malformedFrame(`it inflates to ${inflated.length} bytes, and its attributes ask for ${lengthBytes}`);
  }
  return new Uint8Array(inflated.subarray(0, lengthBytes));
}

export function deflateFrame(pixels: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(deflateRawSync(pixels, { level: constants.Z_DEFAULT_COMPRESSION }));
}
