import assert from 'node:assert/strict';
import { test } from 'node:test';
import charls from '@cornerstonejs/codec-charls/wasmjs';
import openjpeg from '@cornerstonejs/codec-openjpeg/wasmjs';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { LeadglassError } from '../error.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from './codecs.test-support.ts';
import { encodeFrame } from './encode-frame.ts';
import { decodeJpeg2000, encodeJpeg2000 } from './openjpeg.ts';
import { readJpeg2000Header } from './jpeg2000-header.ts';
import { WasmCodec } from './wasm-codec.ts';
import { boundMemory, compileWasmModules } from './wasm-modules.ts';

const mebibyte = 1024 ** 2;

test('a codec cannot have more memory than it was compiled for, and says so', async () => {
  const memoryBytesMax = 16 * mebibyte;
  const modules = compileWasmModules(memoryBytesMax);
  const codec = new WasmCodec(modules.openjpeg, openjpeg);
  const small = someFacts({ rows: 200, columns: 200 });
  const bytes = await codec.run((instance) =>
    encodeJpeg2000(instance, somePixels(small), small, { compressionRatio: undefined }),
  );
  const large = someFacts({ rows: 1500, columns: 1500 });
  const request = { transferSyntaxUid: T.JPEG2000Lossless, pixels: somePixels(large), facts: large };
  const much = (await encodeFrame(codecsHere(), request, codecLimits)).bytes;
  const header = readJpeg2000Header(much, large);
  await assert.rejects(
    codec.run((instance) => decodeJpeg2000(instance, much, header, large)),
    { code: 'LIMIT_EXCEEDED' },
  );
  let memoryBytes = 0;
  await codec.run((instance) => {
    decodeJpeg2000(instance, bytes, readJpeg2000Header(bytes, small), small);
    memoryBytes = instance.HEAPU8.length;
  });
  assert.ok(memoryBytes <= memoryBytesMax);
});

test('what a frame leaves in the memory of its codec is not there for the next one', async () => {
  const modules = compileWasmModules(codecLimits.wasmBytesMax);
  const codec = new WasmCodec(modules.charls, charls);
  const secret = Buffer.from('the pixels of another patient');
  const memoryOf = async (write: boolean): Promise<Buffer> => {
    let copy = Buffer.alloc(0);
    await codec.run((instance) => {
      copy = Buffer.from(instance.HEAPU8);
      if (!write) return;
      const decoder = new instance.JpegLSDecoder();
      decoder.getEncodedBuffer(secret.length).set(secret); // and is never deleted
      assert.ok(Buffer.from(instance.HEAPU8).includes(secret));
    });
    return copy;
  };
  const first = await memoryOf(true);
  const second = await memoryOf(false);
  assert.ok(!second.includes(secret));
  assert.ok(first.equals(second));
});

test('an instance that failed is not used again', async () => {
  const modules = compileWasmModules(codecLimits.wasmBytesMax);
  const codec = new WasmCodec(modules.charls, charls);
  const instances = new Set<unknown>();
  const fail = codec.run((instance) => {
    instances.add(instance);
    const decoder = new instance.JpegLSDecoder();
    decoder.getEncodedBuffer(8);
    decoder.decode();
  });
  await assert.rejects(fail, (error) => error instanceof LeadglassError && error.code === 'MALFORMED');
  await codec.run((instance) => instances.add(instance));
  await codec.run((instance) => instances.add(instance));
  assert.equal(instances.size, 2);
});

test('only a module with one memory of its own is bounded', () => {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const withMemory = (...section: readonly number[]): Uint8Array<ArrayBuffer> => Uint8Array.of(...magic, ...section);
  // memory section: one memory, no maximum, at least 2 pages
  const bounded = boundMemory(withMemory(5, 3, 1, 0, 2), 300 * 64 * 1024);
  assert.deepEqual([...bounded.subarray(8)], [5, 5, 1, 1, 2, 0xac, 2]);
  assert.doesNotThrow(() => new WebAssembly.Module(bounded));
  assert.throws(() => boundMemory(withMemory(5, 3, 1, 0, 2), 64 * 1024), /not as expected/);
  assert.throws(() => boundMemory(withMemory(5, 5, 2, 0, 2, 0, 2), 64 * 1024), /not as expected/);
  assert.throws(() => boundMemory(withMemory(), 64 * 1024), /no memory/);
});
