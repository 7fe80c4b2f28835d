/** An encoder of JPEG XL for tests; it comes with the decoder's package, and the server does not load it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import libjxlEncoder from '@cornerstonejs/codec-libjxl/encodewasmjs';
import type { FrameFacts } from './frame.ts';
import { fromContainer } from './samples.ts';
import { encodeWith } from './wasm-codec.ts';

const file = createRequire(import.meta.url).resolve('@cornerstonejs/codec-libjxl/encodewasm');
let made: ReturnType<typeof libjxlEncoder> | undefined;

/** @param distance Butteraugli, for lossy ones */
export async function encodeJpegXl(
  pixels: Uint8Array,
  facts: FrameFacts,
  distance?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  made ??= libjxlEncoder({ wasmBinary: readFileSync(file) });
  const encoder = new (await made).JpegXLEncoder();
  encoder.setLossless(distance === undefined);
  if (distance !== undefined) encoder.setDistance(distance);
  return encodeWith(encoder, fromContainer(pixels, facts), {
    width: facts.columns,
    height: facts.rows,
    bitsPerSample: facts.bitsStored,
    componentCount: facts.samplesPerPixel,
    isSigned: false,
    isUsingColorTransform: false,
  });
}
