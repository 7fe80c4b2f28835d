/**
 * The WebAssembly of the codec packages: read from their folders, bounded in memory, compiled once for all workers, and our own beside
 * it. Runs in the supervisor, which may read files; the workers that decode get compiled modules and may not.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { jpegKernels } from './jpeg-encoder/kernels.ts';
import { memorySection, memorySectionId } from './jpeg-encoder/wasm-assembler.ts';

const wasmCodecs = ['libjpeg-turbo', 'charls', 'openjpeg', 'openjph', 'libjxl'] as const;
export type WasmCodecName = (typeof wasmCodecs)[number];
export type WasmModules = Readonly<Record<WasmCodecName | 'jpeg-kernels', WebAssembly.Module>>;

const files: Readonly<Record<WasmCodecName, string>> = {
  'libjpeg-turbo': '@cornerstonejs/codec-libjpeg-turbo-8bit/wasm',
  charls: '@cornerstonejs/codec-charls/wasm',
  openjpeg: '@cornerstonejs/codec-openjpeg/wasm',
  openjph: '@cornerstonejs/codec-openjph/wasm',
  libjxl: '@cornerstonejs/codec-libjxl/decodewasm',
};

/** Reads and compiles all of them, in some 50 ms. `memoryBytesMax` is a whole number of pages of 64 KiB. */
export function compileWasmModules(memoryBytesMax: number): WasmModules {
  const { resolve } = createRequire(import.meta.url);
  const compile = (name: WasmCodecName): WebAssembly.Module =>
    new WebAssembly.Module(boundMemory(new Uint8Array(readFileSync(resolve(files[name]))), memoryBytesMax));
  return {
    'libjpeg-turbo': compile('libjpeg-turbo'),
    charls: compile('charls'),
    openjpeg: compile('openjpeg'),
    openjph: compile('openjph'),
    libjxl: compile('libjxl'),
    'jpeg-kernels': new WebAssembly.Module(jpegKernels()),
  };
}

const pageBytes = 64 * 1024;

/** What an instance begins with: constants and a stack of 5 MiB, then its heap; small, since it is cleared after each frame. */
const firstBytes = 8 * 1024 ** 2;

/**
 * The same module with other limits of its memory (WebAssembly core specification 5.5.8): the engine refuses to grow it
 * further, whatever the code in it does.
 *
 * @throws Error when the module has not exactly one memory of its own, or its maximum is below what it begins with
 */
export function boundMemory(module: Uint8Array<ArrayBuffer>, memoryBytesMax: number): Uint8Array<ArrayBuffer> {
  const cursor = { at: 8 };
  while (cursor.at < module.length) {
    const begin = cursor.at;
    const id = module[cursor.at] ?? 0;
    cursor.at += 1;
    const length = readLeb(module, cursor);
    const end = cursor.at + length;
    if (id !== memorySectionId) {
      cursor.at = end;
      continue;
    }
    const count = readLeb(module, cursor);
    const flags = readLeb(module, cursor);
    const least = Math.min(readLeb(module, cursor), firstBytes / pageBytes);
    const most = memoryBytesMax / pageBytes;
    if (count !== 1 || flags > 1 || least > most)
      throw new Error(`A codec's memory is not as expected: ${least} pages`);
    const section = memorySection(least, most);
    const result = new Uint8Array(begin + section.length + (module.length - end));
    result.set(module.subarray(0, begin));
    result.set(section, begin);
    result.set(module.subarray(end), begin + section.length);
    return result;
  }
  throw new Error('A codec has no memory of its own');
}

/** Unsigned LEB128, 5.2.2. */
function readLeb(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[cursor.at] ?? 0;
    cursor.at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return value;
}
