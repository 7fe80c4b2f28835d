/** What one worker works with: the WebAssembly codecs, ready to run, and the font. */
import libjpegTurbo, { type LibjpegTurbo } from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs';
import charls, { type Charls } from '@cornerstonejs/codec-charls/wasmjs';
import openjpeg, { type OpenJpeg } from '@cornerstonejs/codec-openjpeg/wasmjs';
import libjxl, { type Libjxl } from '@cornerstonejs/codec-libjxl/decodewasmjs';
import openjph, { type OpenJph } from '@cornerstonejs/codec-openjph/wasmjs';
import { Font } from '../rendering/font.ts';
import { JpegEncoder } from './jpeg-encoder/jpeg-encoder.ts';
import { WasmCodec } from './wasm-codec.ts';
import type { WasmModules } from './wasm-modules.ts';

export interface Codecs {
  readonly libjpegTurbo: WasmCodec<LibjpegTurbo>;
  readonly charls: WasmCodec<Charls>;
  readonly openjpeg: WasmCodec<OpenJpeg>;
  readonly openjph: WasmCodec<OpenJph>;
  readonly libjxl: WasmCodec<Libjxl>;
  readonly jpegEncoder: JpegEncoder;
  readonly font: Font;
}

/** @param font the file */
export function makeCodecs(modules: WasmModules, font: Uint8Array): Codecs {
  return {
    libjpegTurbo: new WasmCodec(modules['libjpeg-turbo'], libjpegTurbo),
    charls: new WasmCodec(modules.charls, charls),
    openjpeg: new WasmCodec(modules.openjpeg, openjpeg),
    openjph: new WasmCodec(modules.openjph, openjph),
    libjxl: new WasmCodec(modules.libjxl, libjxl),
    jpegEncoder: new JpegEncoder(modules['jpeg-kernels']),
    font: new Font(font),
  };
}
