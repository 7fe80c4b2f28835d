/**
 * JPEG with 8 bits per sample by libjpeg-turbo: baseline and extended sequential, and progressive of the retired syntaxes.
 * Colour always comes out as RGB.
 */
import type { LibjpegTurbo } from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs';
import { type FrameFacts, unsupportedFrame } from './frame.ts';
import type { JpegHeader } from './jpeg-header.ts';
import { fromContainer, type Samples } from './samples.ts';
import { decodeWith, encodeWith } from './wasm-codec.ts';

export function decodeJpeg8(codec: LibjpegTurbo, bytes: Uint8Array, header: JpegHeader, facts: FrameFacts): Samples {
  const told = header.components.length === 3 ? withColourMarker(bytes, header, facts) : bytes;
  const lengthBytes = facts.rows * facts.columns * facts.samplesPerPixel;
  const decoded = decodeWith(new codec.JPEGDecoder(), told, lengthBytes);
  return { bytes: decoded.bytes, bits: 8, signedCode: false };
}

export interface JpegOptions {
  /** 1 to 100, of the Independent JPEG Group's scale. */
  readonly quality: number;
}

/** Colour is coded as YBR_FULL_422, as PS3.5 8.2.1 wants it of baseline. The facts are of 8 bits, unsigned. */
export function encodeJpeg8(
  codec: LibjpegTurbo,
  pixels: Uint8Array,
  facts: FrameFacts,
  options: JpegOptions,
): Uint8Array<ArrayBuffer> {
  const encoder = new codec.JPEGEncoder();
  encoder.setProgressive(0);
  encoder.setQuality(options.quality);
  encoder.setSubSampling(1);
  return encodeWith(encoder, fromContainer(pixels, facts), {
    width: facts.columns,
    height: facts.rows,
    bitsPerSample: 8 * roomFactor(facts),
    componentCount: facts.samplesPerPixel,
    isSigned: false,
    isUsingColorTransform: facts.samplesPerPixel === 3,
  });
}

/**
 * The bindings give the library room for as many bytes as the frame has, and the library writes beyond where noise or headers
 * take more. The bits per sample that they are told only widen that room: here to the library's own worst case (tjBufSize).
 *
 * @throws LeadglassError UNSUPPORTED for a frame of so few pixels that no factor is large enough
 */
function roomFactor({ rows, columns, samplesPerPixel }: FrameFacts): number {
  const unitWidth = samplesPerPixel === 1 ? 8 : 16;
  const padded = Math.ceil(columns / unitWidth) * unitWidth * Math.ceil(rows / 8) * 8;
  const wanted = padded * (samplesPerPixel === 1 ? 2 : 4) + 2048;
  const factor = Math.ceil(wanted / (rows * columns * samplesPerPixel));
  if (factor > 31) throw unsupportedFrame(`${columns} x ${rows} pixels are too few for JPEG baseline`);
  return factor;
}

/**
 * Says in the codestream itself which colours it has, since the library guesses otherwise. An Adobe marker or components
 * named R, G and B tell it already; else the data set does. A JFIF marker does not count: many that have one are RGB.
 */
function withColourMarker(bytes: Uint8Array, header: JpegHeader, facts: FrameFacts): Uint8Array {
  const ids = String.fromCharCode(...header.components.map(({ id }) => id));
  if (header.adobeTransform !== undefined || ids === 'RGB') return bytes;
  const transform = facts.photometricInterpretation === 'RGB' ? 0 : 1;
  const marker = [0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform];
  // After SOI, and before a JFIF marker, which the library would believe instead: then that one is taken away.
  const rest = withoutJfif(bytes.subarray(2));
  const result = new Uint8Array(2 + marker.length + rest.length);
  result.set([0xff, 0xd8, ...marker]);
  result.set(rest, 2 + marker.length);
  return result;
}

function withoutJfif(bytes: Uint8Array): Uint8Array {
  const isApp0 = bytes[0] === 0xff && bytes[1] === 0xe0;
  return isApp0 ? bytes.subarray(2 + (((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0))) : bytes;
}
