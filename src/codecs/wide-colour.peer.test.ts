/** JPEG 2000 and HTJ2K with colour of more than 8 bits, as the libraries' own tools write it: decoded as they do. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { codecLimits, codecsHere, someFacts, somePixels } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';

const [rows, columns] = [75, 90];

async function run(program: string, ...parameters: readonly string[]): Promise<void> {
  const { status, output } = await runProgram(program, parameters);
  assert.equal(status, 0, output);
}

function scratch(t: TestContext): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-wide-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (name) => join(folder, name);
}

const words = (bytes: Uint8Array): readonly number[] => [...new Uint16Array(new Uint8Array(bytes).buffer)];
const swapped = (bytes: Uint8Array): Buffer => Buffer.from(bytes).swap16();

function mostOff(one: readonly number[], other: readonly number[]): number {
  assert.equal(one.length, other.length);
  return one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? 0))), 0);
}

for (const bitsStored of [10, 12, 16]) {
  const facts = someFacts({ rows, columns, samplesPerPixel: 3, bitsStored });
  const pixels = somePixels(facts);
  const head = Buffer.from(`P6\n${columns} ${rows}\n${2 ** bitsStored - 1}\n`);
  const writePpm = (path: string): void => writeFileSync(path, Buffer.concat([head, swapped(pixels)]));
  const readPpm = (path: string): readonly number[] => words(swapped(readFileSync(path).subarray(-pixels.length)));
  const here = async (path: string, syntax: string, colours: string): Promise<readonly number[]> => {
    const request = {
      transferSyntaxUid: syntax,
      bytes: new Uint8Array(readFileSync(path)),
      facts: { ...facts, photometricInterpretation: colours },
    };
    const frame = await decodeFrame(codecsHere(), request, codecLimits);
    assert.equal(frame.photometricInterpretation, 'RGB');
    return words(frame.pixels);
  };

  for (const [name, parameters, colours] of [
    ['without loss', ['-mct', '1'], 'YBR_RCT'],
    ['without loss or transformed colours', ['-mct', '0'], 'RGB'],
    ['with loss', ['-I', '-r', '4', '-mct', '1'], 'YBR_ICT'],
  ] as const) {
    const title = `JPEG 2000 ${name}, colour of ${bitsStored} bits, is decoded as OpenJPEG's own program does`;
    test(title, needs('opj_compress', 'opj_decompress'), async (t) => {
      const at = scratch(t);
      writePpm(at('a.ppm'));
      await run('opj_compress', '-i', at('a.ppm'), '-o', at('a.j2k'), ...parameters);
      await run('opj_decompress', '-i', at('a.j2k'), '-o', at('b.ppm'));
      const there = readPpm(at('b.ppm'));
      const got = await here(at('a.j2k'), T.JPEG2000, colours);
      if (colours !== 'YBR_ICT') assert.deepEqual(got, words(pixels));
      assert.ok(mostOff(got, there) <= 1);
    });
  }

  for (const [name, parameters, colours] of [
    ['without loss', ['-reversible', 'true'], 'YBR_RCT'],
    ['with loss', ['-qstep', '0.0005'], 'YBR_ICT'],
  ] as const) {
    const title = `HTJ2K ${name}, colour of ${bitsStored} bits, is decoded as OpenJPH's own program does`;
    test(title, needs('ojph_compress', 'ojph_expand'), async (t) => {
      const at = scratch(t);
      writePpm(at('a.ppm'));
      await run('ojph_compress', '-i', at('a.ppm'), '-o', at('a.j2c'), ...parameters);
      await run('ojph_expand', '-i', at('a.j2c'), '-o', at('b.ppm'));
      const there = readPpm(at('b.ppm'));
      const got = await here(at('a.j2c'), T.HTJ2K, colours);
      if (colours === 'YBR_RCT') assert.deepEqual(got, words(pixels));
      assert.ok(mostOff(got, there) <= 1);
    });
  }
}
