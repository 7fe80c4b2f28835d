/**
 * JPEG 2000 (ITU-T T.800) by OpenJPEG, 1 to 16 bits; colour is written up to 8 bits, since the package's bindings mix up more.
 * Signed samples travel as unsigned ones, with the sign told in the codestream's header: its bindings cut signed bytes off.
 */
import type { OpenJpeg } from '@cornerstonejs/codec-openjpeg/wasmjs';
import { type FrameFacts, unsupportedFrame } from './frame.ts';
import { type Jpeg2000Header, markSigned } from './jpeg2000-header.ts';
import { fromContainer, type Samples, turnSign } from './samples.ts';
import { decodeWith, encodeWith } from './wasm-codec.ts';

export function decodeJpeg2000(codec: OpenJpeg, bytes: Uint8Array, header: Jpeg2000Header, facts: FrameFacts): Samples {
  return decodeAsUnsigned(bytes, header, facts, (unsigned, lengthBytes) =>
    decodeWith(new codec.J2KDecoder(), unsigned, lengthBytes),
  );
}

/** Also for OpenJPH, whose bindings do the same to signed bytes. */
export function decodeAsUnsigned(
  bytes: Uint8Array,
  { precision, signed }: Jpeg2000Header,
  { rows, columns, samplesPerPixel }: FrameFacts,
  decode: (bytes: Uint8Array, lengthBytes: number) => { readonly bytes: Uint8Array<ArrayBuffer> },
): Samples {
  const codestream = signed ? bytes.slice() : bytes;
  if (signed) markSigned(codestream, samplesPerPixel, false);
  const samples = decode(codestream, rows * columns * samplesPerPixel * (precision <= 8 ? 1 : 2)).bytes;
  if (signed) turnSign(samples, precision);
  return { bytes: samples, bits: precision, signedCode: signed };
}

export interface Jpeg2000Options {
  /** Native bytes per coded byte; undefined is lossless (5/3 wavelet). */
  readonly compressionRatio: number | undefined;
}

/** Colour is transformed (RCT or ICT), so it has to be RGB. */
export function encodeJpeg2000(
  codec: OpenJpeg,
  pixels: Uint8Array,
  facts: FrameFacts,
  { compressionRatio }: Jpeg2000Options,
): Uint8Array<ArrayBuffer> {
  return encodeAsUnsigned(pixels, facts, (samples, info) => {
    const encoder = new codec.J2KEncoder();
    encoder.setDecompositions(decompositions(facts));
    encoder.setQuality(compressionRatio === undefined, 1);
    encoder.setCompressionRatio(0, compressionRatio ?? 0);
    return encodeWith(encoder, samples, info);
  });
}

/** Also for OpenJPH. */
export function encodeAsUnsigned(
  pixels: Uint8Array,
  facts: FrameFacts,
  encode: (samples: Uint8Array, info: Parameters<typeof encodeWith>[2]) => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (facts.samplesPerPixel > 1 && facts.bitsStored > 8) {
    throw unsupportedFrame('JPEG 2000 and HTJ2K are not written for colour of more than 8 bits');
  }
  const signed = facts.pixelRepresentation === 1;
  const samples = fromContainer(pixels, facts);
  if (signed) turnSign(samples, facts.bitsStored);
  const codestream = encode(samples, {
    width: facts.columns,
    height: facts.rows,
    bitsPerSample: facts.bitsStored,
    componentCount: facts.samplesPerPixel,
    isSigned: false,
    isUsingColorTransform: facts.samplesPerPixel === 3,
  });
  if (signed) markSigned(codestream, facts.samplesPerPixel, true);
  return codestream;
}

/** Five wavelet levels, as the standard's encoders use, and fewer where the frame is smaller than they reach. */
export function decompositions({ rows, columns }: FrameFacts): number {
  return Math.min(5, Math.floor(Math.log2(Math.min(rows, columns))));
}
