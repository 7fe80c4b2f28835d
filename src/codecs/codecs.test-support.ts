/** Frames of DICOM files and made-up ones, for tests of this folder; codecs that run in the test's own thread. */
import { readFileSync } from 'node:fs';
import type { DataSet } from '../dicom/data-set.ts';
import { readDataSet } from '../dicom/data-set-codec.ts';
import { type EncapsulatedFacts, EncapsulatedFrames } from '../dicom/encapsulated-frames.ts';
import type { RangeReader } from '../dicom/fragments.ts';
import { limits } from '../limits.ts';
import { cutFile } from '../../test/support/dicom-files.ts';
import { type Codecs, makeCodecs } from './codecs.ts';
import { readFontFile } from './font-file.ts';
import type { FrameFacts } from './frame.ts';
import { compileWasmModules } from './wasm-modules.ts';

export const codecLimits = limits.codecs;

let made: Codecs | undefined;

export function codecsHere(): Codecs {
  made ??= makeCodecs(compileWasmModules(codecLimits.wasmBytesMax), readFontFile());
  return made;
}

export function factsOf(dataSet: DataSet): FrameFacts {
  return {
    rows: dataSet.number(0x00280010) ?? 0,
    columns: dataSet.number(0x00280011) ?? 0,
    samplesPerPixel: dataSet.number(0x00280002) ?? 1,
    bitsAllocated: dataSet.number(0x00280100) ?? 0,
    bitsStored: dataSet.number(0x00280101) ?? 0,
    pixelRepresentation: dataSet.number(0x00280103) ?? 0,
    planarConfiguration: dataSet.number(0x00280006) ?? 0,
    photometricInterpretation: dataSet.text(0x00280004) ?? '',
  };
}

/** A reader over bytes in memory, which gives no more than `mostBytes` at once. */
export function readerOf(bytes: Uint8Array, mostBytes = Number.POSITIVE_INFINITY): RangeReader {
  return async (offset, lengthBytes) => bytes.subarray(offset, offset + Math.min(lengthBytes, mostBytes));
}

export interface ImageFile {
  readonly transferSyntaxUid: string;
  readonly facts: FrameFacts;
  readonly numberOfFrames: number;
  readonly frames: EncapsulatedFrames;
}

/** A file with encapsulated pixel data. The last item with the value of Pixel Data in it is looked for in the bytes. */
export async function openImage(path: string): Promise<ImageFile> {
  const { transferSyntaxUid, dataSet: bytes } = cutFile(path);
  const dataSet = readDataSet(bytes, { transferSyntaxUid, limits: limits.dataSet });
  const numberOfFrames = Number(dataSet.text(0x00280008) ?? '1');
  const header = Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  let at = -1;
  for (const vr of ['B', 'W']) {
    header[5] = vr.charCodeAt(0);
    at = Math.max(at, bytes.lastIndexOf(header));
  }
  if (at < 0) throw new Error(`${path} has no encapsulated pixel data`);
  const extended = valueOf(dataSet, 0x7fe00001);
  const lengths = valueOf(dataSet, 0x7fe00002);
  const facts: EncapsulatedFacts = {
    offset: at + 12,
    end: bytes.length,
    numberOfFrames,
    ...(extended === undefined ? {} : { extendedOffsetTable: extended }),
    ...(lengths === undefined ? {} : { extendedOffsetTableLengths: lengths }),
  };
  const frames = await EncapsulatedFrames.open(readerOf(bytes), facts, limits.fragments);
  return { transferSyntaxUid, facts: factsOf(dataSet), numberOfFrames, frames };
}

/** The value of native pixel data of a file in explicit VR little endian, as other programs write it. */
export function nativePixels(path: string): { readonly pixels: Uint8Array; readonly facts: FrameFacts } {
  const { transferSyntaxUid, dataSet: bytes } = cutFile(path);
  const dataSet = readDataSet(new Uint8Array(readFileSync(path)).slice(-bytes.length), {
    transferSyntaxUid,
    limits: limits.dataSet,
  });
  return { pixels: valueOf(dataSet, 0x7fe00010) ?? new Uint8Array(0), facts: factsOf(dataSet) };
}

function valueOf(dataSet: DataSet, tag: number): Uint8Array | undefined {
  const value = dataSet.get(tag)?.value;
  return value instanceof Uint8Array ? value : undefined;
}

/** Facts of a plain picture, and what is different. */
export function someFacts(different: Partial<FrameFacts> = {}): FrameFacts {
  return {
    rows: 16,
    columns: 24,
    samplesPerPixel: 1,
    bitsAllocated: 16,
    bitsStored: 12,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: different.samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
    ...different,
  };
}

/** Pixels of these facts: waves with noise of its own seed, each sample within Bits Stored and with its sign extended. */
export function somePixels(facts: FrameFacts, seed = 1): Uint8Array<ArrayBuffer> {
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored, pixelRepresentation } = facts;
  const count = rows * columns * samplesPerPixel;
  const bytes = new Uint8Array(count * (bitsAllocated / 8));
  const view = new DataView(bytes.buffer);
  let state = seed;
  for (let at = 0; at < count; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const noise = (state >>> 16) / 65_536;
    const wave = 0.5 + 0.45 * Math.sin(at / 7 + seed);
    const range = 2 ** bitsStored - 1;
    const raw = Math.floor(at % 97 === 0 ? noise * range : Math.min(1, wave + noise / 20) * range);
    const value = pixelRepresentation === 1 ? raw - 2 ** (bitsStored - 1) : raw;
    if (bitsAllocated === 8) view.setInt8(at, value);
    else if (bitsAllocated === 16) view.setInt16(2 * at, value, true);
    else view.setInt32(4 * at, value, true);
  }
  return bytes;
}
