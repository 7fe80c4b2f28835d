/** JPEG XL beside Debian's `cjxl` and `djxl` (libjxl 0.7): what they write is read here, and what is read here they read, too. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needs } from '../../test/support/peers.ts';
import { runProgram } from '../../test/support/programs.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { codecLimits, codecsHere, someFacts } from './codecs.test-support.ts';
import { decodeFrame } from './decode-frame.ts';
import type { FrameFacts } from './frame.ts';
import { encodeJpegXl } from './jpeg-xl.test-support.ts';

const [rows, columns] = [45, 67];

function facts8or16(samplesPerPixel: number, bitsStored: number): FrameFacts {
  return someFacts({ rows, columns, samplesPerPixel, bitsStored, bitsAllocated: bitsStored <= 8 ? 8 : 16 });
}

/** Waves, with noise in the first lines and both ends of the range. */
function samplesOf({ samplesPerPixel, bitsStored }: FrameFacts): readonly number[] {
  const most = 2 ** bitsStored - 1;
  let state = 7;
  return Array.from({ length: rows * columns * samplesPerPixel }, (_, at) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const pixel = Math.floor(at / samplesPerPixel);
    const wave = 0.5 + 0.5 * Math.sin((pixel % columns) / 9 + (at % samplesPerPixel)) * Math.cos(pixel / columns / 7);
    if (at < 2) return at * most;
    return at < 400 ? state >>> (32 - bitsStored) : Math.round(most * wave);
  });
}

const frameOf = (samples: readonly number[], { bitsAllocated }: FrameFacts): Uint8Array =>
  bitsAllocated === 8 ? Uint8Array.from(samples) : new Uint8Array(Uint16Array.from(samples).buffer);

function writePnm(path: string, samples: readonly number[], facts: FrameFacts): void {
  const isWide = facts.bitsAllocated === 16;
  const body = Buffer.from(frameOf(samples, facts));
  if (isWide) body.swap16();
  const kind = facts.samplesPerPixel === 1 ? 5 : 6;
  writeFileSync(path, Buffer.concat([Buffer.from(`P${kind}\n${columns} ${rows}\n${isWide ? 65_535 : 255}\n`), body]));
}

/** Its `djxl` gives samples as parts of the whole range of 8 or 16 bits, whatever it writes as their largest. */
function readPnm(path: string, { bitsAllocated, bitsStored }: FrameFacts): readonly number[] {
  const bytes = readFileSync(path);
  const head = /^P[56]\s\d+ \d+\s\d+\s/.exec(bytes.toString('latin1', 0, 60))?.[0] ?? '';
  const body = Buffer.from(bytes.subarray(head.length));
  const isWide = bitsAllocated === 16;
  const samples = isWide ? [...new Uint16Array(new Uint8Array(body.swap16()).buffer)] : [...body];
  return samples.map((sample) => Math.round((sample * (2 ** bitsStored - 1)) / (isWide ? 65_535 : 255)));
}

async function run(program: string, ...parameters: readonly string[]): Promise<void> {
  const { status, output } = await runProgram(program, parameters);
  assert.equal(status, 0, output);
}

function scratch(t: TestContext): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-jxl-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (name) => join(folder, name);
}

async function decodedHere(path: string, facts: FrameFacts, transferSyntaxUid: string): Promise<readonly number[]> {
  const bytes = new Uint8Array(readFileSync(path));
  const { pixels } = await decodeFrame(codecsHere(), { transferSyntaxUid, bytes, facts }, codecLimits);
  return facts.bitsAllocated === 8 ? [...pixels] : [...new Uint16Array(pixels.buffer)];
}

const extension = ({ samplesPerPixel }: FrameFacts): string => (samplesPerPixel === 1 ? 'pgm' : 'ppm');
const shapes = [1, 3].flatMap((samples) => [8, 10, 12, 16].map((bits) => facts8or16(samples, bits)));
const nameOf = ({ samplesPerPixel, bitsStored }: FrameFacts): string =>
  `${samplesPerPixel === 1 ? 'grey' : 'colour'} of ${bitsStored} bits`;

function mostOff(one: readonly number[], other: readonly number[]): number {
  assert.equal(one.length, other.length);
  return one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? 0))), 0);
}

for (const facts of shapes) {
  test(`JPEG XL without loss, ${nameOf(facts)}: djxl decodes the same samples as here`, needs('djxl'), async (t) => {
    const at = scratch(t);
    const samples = samplesOf(facts);
    writeFileSync(at('a.jxl'), await encodeJpegXl(frameOf(samples, facts), facts));
    await run('djxl', at('a.jxl'), at(`a.${extension(facts)}`));
    assert.deepEqual(readPnm(at(`a.${extension(facts)}`), facts), samples);
    assert.deepEqual(await decodedHere(at('a.jxl'), facts, T.JPEGXLLossless), samples);
  });

  test(
    `lossy JPEG XL, ${nameOf(facts)}: djxl decodes the same samples as here, up to rounding`,
    needs('djxl'),
    async (t) => {
      const at = scratch(t);
      writeFileSync(at('a.jxl'), await encodeJpegXl(frameOf(samplesOf(facts), facts), facts, 1));
      await run('djxl', at('a.jxl'), at(`a.${extension(facts)}`));
      const here = await decodedHere(at('a.jxl'), facts, T.JPEGXL);
      // In floats of 32 bits, by other instructions.
      assert.ok(
        mostOff(here, readPnm(at(`a.${extension(facts)}`), facts)) <= Math.max(1, 2 ** (facts.bitsStored - 12)),
      );
    },
  );
}

const ways = [
  ['by its usual effort', []],
  ['by the least effort', ['-e', '1']],
  ['by much effort', ['-e', '8', '-m', '1']],
  ['progressive', ['-p']],
  ['in boxes', ['--container=1']],
] as const;

for (const facts of [facts8or16(1, 8), facts8or16(3, 8), facts8or16(1, 16), facts8or16(3, 16)]) {
  for (const [name, parameters] of ways) {
    test(
      `JPEG XL that cjxl made without loss, ${name}, ${nameOf(facts)}, is decoded bit for bit`,
      needs('cjxl'),
      async (t) => {
        const at = scratch(t);
        const samples = samplesOf(facts);
        writePnm(at(`a.${extension(facts)}`), samples, facts);
        await run('cjxl', at(`a.${extension(facts)}`), at('a.jxl'), '-d', '0', ...parameters);
        assert.deepEqual(await decodedHere(at('a.jxl'), facts, T.JPEGXLLossless), samples);
      },
    );
  }
}

for (const channels of [1, 3] as const) {
  test(
    `a JPEG file in JPEG XL, with ${channels} channels, is decoded as djxl does`,
    needs('cjxl', 'djxl'),
    async (t) => {
      const at = scratch(t);
      const facts = facts8or16(channels, 8);
      const pixels = Uint8Array.from(samplesOf(facts));
      writeFileSync(
        at('a.jpg'),
        codecsHere().jpegEncoder.encode({ width: columns, height: rows, channels, pixels }, 90),
      );
      await run('cjxl', at('a.jpg'), at('a.jxl'));
      await run('djxl', at('a.jxl'), at(`a.${extension(facts)}`));
      const told = { ...facts, ...(channels === 3 && { photometricInterpretation: 'YBR_FULL_422' }) };
      const here = await decodedHere(at('a.jxl'), told, T.JPEGXLJPEGRecompression);
      assert.ok(mostOff(here, readPnm(at(`a.${extension(facts)}`), facts)) <= 1);
    },
  );
}
