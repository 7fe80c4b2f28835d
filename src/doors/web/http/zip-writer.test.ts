/** ZIP archives as other programs read them, small and with many or long entries. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, inflateRawSync } from 'node:zlib';
import { needs } from '../../../../test/support/peers.ts';
import { runProgram } from '../../../../test/support/programs.ts';
import { LeadglassError } from '../../../error.ts';
import { writeZip, type ZipEntry } from './zip-writer.ts';

async function* streamed(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
async function* entriesOf(entries: Iterable<ZipEntry>): AsyncGenerator<ZipEntry> {
  yield* entries;
}
async function zipOf(...entries: readonly ZipEntry[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeZip(entriesOf(entries))));
}

/** By the central directory, as most readers do. */
function entriesIn(zip: Buffer): Map<string, Buffer> {
  const end = zip.length - 22;
  assert.equal(zip.readUInt32LE(end), 0x0605_4b50);
  const entries = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    assert.equal(zip.readUInt32LE(at), 0x0201_4b50);
    const nameLength = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const dataAt = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = inflateRawSync(zip.subarray(dataAt, dataAt + zip.readUInt32LE(at + 20)));
    assert.equal(crc32(bytes), zip.readUInt32LE(at + 16));
    assert.equal(bytes.length, zip.readUInt32LE(at + 24));
    entries.set(zip.toString('latin1', at + 46, at + 46 + nameLength), bytes);
    at += 46 + nameLength + zip.readUInt16LE(at + 30);
  }
  return entries;
}

const long = new Uint8Array(200_000).map((_, at) => at);

test('entries come back as they were, with and without their length said before', async () => {
  const zip = await zipOf(
    { name: 'a/1.dcm', body: streamed(long.subarray(0, 70_000), long.subarray(70_000)), lengthBytes: long.length },
    { name: 'a/2.dcm', body: streamed() },
    { name: 'b/3.dcm', body: streamed(Uint8Array.of(1)) },
  );
  assert.deepEqual(
    [...entriesIn(zip)].map(([name, bytes]) => [name, bytes.length]),
    [
      ['a/1.dcm', 200_000],
      ['a/2.dcm', 0],
      ['b/3.dcm', 1],
    ],
  );
  assert.ok(entriesIn(zip).get('a/1.dcm')?.equals(long));
  assert.equal(entriesIn(await zipOf()).size, 0);
});

test('names that could leave the folder are never written', async () => {
  for (const name of ['../a', '/a', 'a/../b', 'a//b', 'a/./b', '.a', 'a\\b', 'C:a', '', 'a\nb', 'ä', 'a'.repeat(256)]) {
    await assert.rejects(zipOf({ name, body: streamed() }), (error) => error instanceof LeadglassError, name);
  }
});

test('another reader takes it, also with more entries than the old format can count', needs('python3'), async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leadglass-zip-'));
  try {
    const many = Array.from({ length: 66_000 }, (_, at) => ({
      name: `s/${at}.dcm`,
      body: streamed(Buffer.from(String(at))),
      ...(at % 2 === 0 ? { lengthBytes: 5 } : {}),
    }));
    const path = join(folder, 'many.zip');
    await writeFile(path, await zipOf(...many));
    const script =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(len(z.namelist()), z.testzip(), z.read("s/65999.dcm").decode())';
    const { stdout } = await runProgram('python3', ['-c', script, path]);
    assert.equal(stdout.trim(), '66000 None 65999');
    assert.ok((await readFile(path)).length > 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
