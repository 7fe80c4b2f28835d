/**
 * Writes a ZIP archive as it is asked for (APPNOTE 6.3.10), nothing of it in memory but the names. Entries are not made smaller:
 * pixels that deflate well are better sent deflated as DICOM. They stand in stored blocks of deflate (RFC 1951 3.2.4), since
 * readers that go from front to back cannot find the end of an entry without compression whose length comes behind it.
 */
import { crc32 } from 'node:zlib';
import { LeadglassError } from '../../../error.ts';

export interface ZipEntry {
  /** Letters, digits, `.`, `-`, `_` and `/` between, so that no reader writes elsewhere than it should. */
  readonly name: string;
  /** Where it is known beforehand; else room is made for any. */
  readonly lengthBytes?: number;
  readonly body: AsyncIterable<Uint8Array>;
}

interface WrittenEntry {
  readonly name: Buffer;
  readonly offset: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly lengthBytes: number;
}

const safeName = /^(?![./])(?!.*(?:\.\.|\/\/|\/\.))[0-9A-Za-z._/-]{1,255}$/;
/** The first number that the 32 bits of the old format cannot hold; the last of them means "see the long form" (4.4.1.4). */
const longFrom = 0xffff_ffff;
const manyFrom = 0xffff;
/** A blank of 4 GiB, stored blocks and all. */
const surelyShort = 4_000_000_000;

/** 4.5: for sizes of 64 bits. */
const version = 45;
/** 4.4.4: sizes stand behind the data, names are UTF-8. */
const flags = 0x0808;
const deflate = 8;
/** 1 January 1980: when an instance was made is in the instance. */
const date = 0x21;
const storedBlockMax = 0xffff;

/** @throws LeadglassError INTERNAL for a name that is not safe */
export async function* writeZip(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Uint8Array, void, undefined> {
  const written: WrittenEntry[] = [];
  let offset = 0;
  for await (const { name, lengthBytes, body } of entries) {
    if (!safeName.test(name)) throw unsafeName();
    const bytes = Buffer.from(name, 'latin1');
    const isLong = lengthBytes === undefined || lengthBytes > surelyShort;
    const start = offset;
    const head = localHeader(bytes, isLong);
    offset += head.length;
    yield head;
    const sums = { crc: 0, lengthBytes: 0, packedBytes: 0 };
    for await (const chunk of storedBlocks(body, sums)) {
      offset += chunk.length;
      yield chunk;
    }
    if (!isLong && sums.packedBytes >= longFrom) throw tooLong();
    const descriptor = dataDescriptor(sums, isLong);
    offset += descriptor.length;
    yield descriptor;
    written.push({ name: bytes, offset: start, ...sums });
  }
  const directoryAt = offset;
  for (const entry of written) {
    const header = centralHeader(entry);
    offset += header.length;
    yield header;
  }
  yield endOfDirectory({ count: written.length, at: directoryAt, lengthBytes: offset - directoryAt });
}

interface Sums {
  crc: number;
  lengthBytes: number;
  packedBytes: number;
}

async function* storedBlocks(body: AsyncIterable<Uint8Array>, sums: Sums): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    sums.crc = crc32(chunk, sums.crc);
    sums.lengthBytes += chunk.length;
    for (let at = 0; at < chunk.length; at += storedBlockMax) {
      const block = chunk.subarray(at, at + storedBlockMax);
      sums.packedBytes += 5 + block.length;
      yield blockHeader(block.length, false);
      yield block;
    }
  }
  sums.packedBytes += 5;
  yield blockHeader(0, true);
}

function blockHeader(lengthBytes: number, isLast: boolean): Uint8Array {
  const header = Buffer.alloc(5);
  header.writeUInt8(isLast ? 1 : 0, 0);
  header.writeUInt16LE(lengthBytes, 1);
  header.writeUInt16LE(~lengthBytes & 0xffff, 3);
  return header;
}

/** 4.3.7; the long form announces sizes of 64 bits behind the data (4.3.9.2). */
function localHeader(name: Buffer, isLong: boolean): Buffer {
  const fixed = Buffer.alloc(30);
  fixed.writeUInt32LE(0x0403_4b50, 0);
  fixed.writeUInt16LE(version, 4);
  fixed.writeUInt16LE(flags, 6);
  fixed.writeUInt16LE(deflate, 8);
  fixed.writeUInt16LE(date, 12);
  if (isLong) fixed.writeUInt32LE(longFrom, 18);
  if (isLong) fixed.writeUInt32LE(longFrom, 22);
  fixed.writeUInt16LE(name.length, 26);
  const extra = isLong ? longSizes([0, 0]) : Buffer.alloc(0);
  fixed.writeUInt16LE(extra.length, 28);
  return Buffer.concat([fixed, name, extra]);
}

/** 4.3.9 */
function dataDescriptor({ crc, packedBytes, lengthBytes }: Sums, isLong: boolean): Buffer {
  const descriptor = Buffer.alloc(isLong ? 24 : 16);
  descriptor.writeUInt32LE(0x0807_4b50, 0);
  descriptor.writeUInt32LE(crc, 4);
  if (isLong) {
    descriptor.writeBigUInt64LE(BigInt(packedBytes), 8);
    descriptor.writeBigUInt64LE(BigInt(lengthBytes), 16);
  } else {
    descriptor.writeUInt32LE(packedBytes, 8);
    descriptor.writeUInt32LE(lengthBytes, 12);
  }
  return descriptor;
}

/** 4.3.12 */
function centralHeader({ name, offset, crc, packedBytes, lengthBytes }: WrittenEntry): Buffer {
  const isLong = packedBytes >= longFrom || lengthBytes >= longFrom || offset >= longFrom;
  const extra = isLong ? longSizes([lengthBytes, packedBytes, offset]) : Buffer.alloc(0);
  const fixed = Buffer.alloc(46);
  fixed.writeUInt32LE(0x0201_4b50, 0);
  // Made on Unix (3), so that the right to read the file is looked for where it stands.
  fixed.writeUInt16LE((3 << 8) | version, 4);
  fixed.writeUInt16LE(version, 6);
  fixed.writeUInt16LE(flags, 8);
  fixed.writeUInt16LE(deflate, 10);
  fixed.writeUInt16LE(date, 14);
  fixed.writeUInt32LE(crc, 16);
  fixed.writeUInt32LE(isLong ? longFrom : packedBytes, 20);
  fixed.writeUInt32LE(isLong ? longFrom : lengthBytes, 24);
  fixed.writeUInt16LE(name.length, 28);
  fixed.writeUInt16LE(extra.length, 30);
  fixed.writeUInt32LE((0o100644 << 16) >>> 0, 38);
  fixed.writeUInt32LE(isLong ? longFrom : offset, 42);
  return Buffer.concat([fixed, name, extra]);
}

/** 4.5.3 */
function longSizes(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return extra;
}

/** 4.3.14 to 4.3.16 */
function endOfDirectory(directory: {
  readonly count: number;
  readonly at: number;
  readonly lengthBytes: number;
}): Buffer {
  const { count, at, lengthBytes } = directory;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x0605_4b50, 0);
  end.writeUInt16LE(Math.min(count, manyFrom), 8);
  end.writeUInt16LE(Math.min(count, manyFrom), 10);
  end.writeUInt32LE(Math.min(lengthBytes, longFrom), 12);
  end.writeUInt32LE(Math.min(at, longFrom), 16);
  if (count < manyFrom && lengthBytes < longFrom && at < longFrom) return end;
  const long = Buffer.alloc(56);
  long.writeUInt32LE(0x0606_4b50, 0);
  long.writeBigUInt64LE(44n, 4);
  long.writeUInt16LE((3 << 8) | version, 12);
  long.writeUInt16LE(version, 14);
  long.writeBigUInt64LE(BigInt(count), 24);
  long.writeBigUInt64LE(BigInt(count), 32);
  long.writeBigUInt64LE(BigInt(lengthBytes), 40);
  long.writeBigUInt64LE(BigInt(at), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x0706_4b50, 0);
  locator.writeBigUInt64LE(BigInt(at + lengthBytes), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([long, locator, end]);
}

function unsafeName(): LeadglassError {
  return new LeadglassError('INTERNAL', 'Internal error; the log has the details', {
    detail: 'a name in a ZIP archive could leave the folder that it is unpacked into',
  });
}

function tooLong(): LeadglassError {
  return new LeadglassError('CORRUPT', 'What is stored is longer than it should be; ask the archive');
}
