/** HTJ2K (ITU-T T.814) by OpenJPH; bits, colours and signs as with OpenJPEG. */
import type { OpenJph } from '@cornerstonejs/codec-openjph/wasmjs';
import type { FrameFacts } from './frame.ts';
import type { Jpeg2000Header } from './jpeg2000-header.ts';
import { decodeAsUnsigned, decompositions, encodeAsUnsigned } from './openjpeg.ts';
import type { Samples } from './samples.ts';
import { decodeWith, encodeWith } from './wasm-codec.ts';

export function decodeHtj2k(codec: OpenJph, bytes: Uint8Array, header: Jpeg2000Header, facts: FrameFacts): Samples {
  return decodeAsUnsigned(bytes, header, facts, (unsigned, lengthBytes) =>
    decodeWith(new codec.HTJ2KDecoder(), unsigned, lengthBytes),
  );
}

export interface Htj2kOptions {
  /** Undefined is lossless; else the step of the 9/7 wavelet, as a part of the range of samples. */
  readonly quantizationStep: number | undefined;
  /** Resolution by resolution, with a table of their lengths: PS3.5 A.4.4 of the RPCL syntax. */
  readonly rpcl: boolean;
}

const rpclOrder = 2;

export function encodeHtj2k(
  codec: OpenJph,
  pixels: Uint8Array,
  facts: FrameFacts,
  { quantizationStep, rpcl }: Htj2kOptions,
): Uint8Array<ArrayBuffer> {
  return encodeAsUnsigned(pixels, facts, (samples, info) => {
    const encoder = new codec.HTJ2KEncoder();
    // Without a wavelet OpenJPH 0.31 loses samples that are the least of their range.
    encoder.setDecompositions(Math.max(1, decompositions(facts)));
    encoder.setQuality(quantizationStep === undefined, quantizationStep ?? 0);
    encoder.setProgressionOrder(rpclOrder);
    encoder.setTLMMarker(rpcl);
    encoder.setTilePartDivisionsAtResolutions(rpcl);
    return encodeWith(encoder, samples, info);
  });
}
