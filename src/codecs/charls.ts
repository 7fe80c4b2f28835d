/** JPEG-LS (ITU-T T.87) by CharLS: lossless and near-lossless, 2 to 16 bits, one component or three. */
import type { Charls } from '@cornerstonejs/codec-charls/wasmjs';
import { type FrameFacts, malformedFrame } from './frame.ts';
import type { JpegHeader } from './jpeg-header.ts';
import { byPixel, fromContainer, type Samples } from './samples.ts';
import { decodeWith, encodeWith } from './wasm-codec.ts';

const byPlane = 0;
const bySample = 2;

export function decodeJpegLs(codec: Charls, bytes: Uint8Array, header: JpegHeader, facts: FrameFacts): Samples {
  if (!endsWithMarker(bytes)) throw malformedFrame('its JPEG-LS codestream is cut off');
  const width = header.precision <= 8 ? 1 : 2;
  const lengthBytes = facts.rows * facts.columns * facts.samplesPerPixel * width;
  let interleaved = byPlane;
  const decoded = decodeWith(new codec.JpegLSDecoder(), bytes, lengthBytes, (decoder) => {
    interleaved = decoder.getInterleaveMode();
  });
  const planar = facts.samplesPerPixel > 1 && interleaved === byPlane;
  return {
    bytes: planar ? byPixel(decoded.bytes, facts.samplesPerPixel, width) : decoded.bytes,
    bits: header.precision,
    signedCode: false,
  };
}

/** EOI, and padding after it. Where it is missing CharLS looks for a bit that never comes, for three seconds. */
function endsWithMarker(bytes: Uint8Array): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes[end - 2] === 0xff && bytes[end - 1] === 0xd9;
}

export interface JpegLsOptions {
  /** NEAR: how far a decoded sample may be from the true one; 0 is lossless. */
  readonly near: number;
}

/** T.87 knows no sign: two's complement of Bits Stored bits is coded as it stands. */
export function encodeJpegLs(
  codec: Charls,
  pixels: Uint8Array,
  facts: FrameFacts,
  options: JpegLsOptions,
): Uint8Array<ArrayBuffer> {
  const encoder = new codec.JpegLSEncoder();
  encoder.setNearLossless(options.near);
  if (facts.samplesPerPixel > 1) encoder.setInterleaveMode(bySample);
  return encodeWith(encoder, fromContainer(pixels, facts), {
    width: facts.columns,
    height: facts.rows,
    bitsPerSample: facts.bitsStored,
    componentCount: facts.samplesPerPixel,
    isSigned: false,
    isUsingColorTransform: false,
  });
}
