/**
 * Decodes JPEG with 8 bits per sample by libjpeg-turbo: baseline and extended sequential, and progressive of the retired syntaxes.
 * Colour always comes out as RGB. Encoding is jpeg-encoder's.
 */
import type { LibjpegTurbo } from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs';
import type { FrameFacts } from './frame.ts';
import type { JpegHeader } from './jpeg-header.ts';
import type { Samples } from './samples.ts';
import { decodeWith } from './wasm-codec.ts';

export function decodeJpeg8(codec: LibjpegTurbo, bytes: Uint8Array, header: JpegHeader, facts: FrameFacts): Samples {
  const told = header.components.length === 3 ? withColourMarker(bytes, header, facts) : bytes;
  const lengthBytes = facts.rows * facts.columns * facts.samplesPerPixel;
  const decoded = decodeWith(new codec.JPEGDecoder(), told, lengthBytes);
  return { bytes: decoded.bytes, bits: 8, signedCode: false };
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
