/** What of the encoder is WebAssembly: arithmetic alone, in one page of memory. */
import { type ConvertColours, convertColours } from './colour-lines.ts';
import { type TransformBlocks, transformBlocks } from './forward-dct.ts';
import { moduleOf } from './wasm-assembler.ts';

/** The module, uncompiled. */
export function jpegKernels(): Uint8Array<ArrayBuffer> {
  return moduleOf([transformBlocks(), convertColours()], 1);
}

export interface Kernels {
  readonly memory: WebAssembly.Memory;
  readonly transformBlocks: TransformBlocks;
  readonly convertColours: ConvertColours;
}

/** @param module jpegKernels, compiled */
export function kernelsOf(module: WebAssembly.Module): Kernels {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as jpegKernels makes them
  return new WebAssembly.Instance(module, {}).exports as unknown as Kernels;
}
