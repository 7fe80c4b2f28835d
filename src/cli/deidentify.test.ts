import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { ctDataSet } from '../dicom/de-identify/de-identify.test-support.ts';
import { Tags } from '../dicom/dictionary/dictionary.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { runCommand } from './run-command.test-support.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'leadglass-deidentify-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function run(...words: readonly string[]) {
  return await runCommand(['deidentify', ...words]);
}

/** A file with a preamble and private information that nobody should get. */
function file(path: string, dataSet: DataSet = ctDataSet()): string {
  const transferSyntaxUid = knownUid(TransferSyntaxes.ExplicitVrLittleEndian);
  const head = writePart10Head({
    sopClassUid: knownUid(dataSet.text(Tags.SOPClassUID) ?? ''),
    sopInstanceUid: knownUid('1.2.3.4'),
    transferSyntaxUid,
    sourceAeTitle: 'SECRETAE',
    preamble: Buffer.alloc(128, 'Secret'),
  });
  writeFileSync(path, Buffer.concat([head, writeDataSet(dataSet, transferSyntaxUid)]));
  return path;
}

test('copies stand under their new UIDs, without preamble, sender and names; the original stays', async (t) => {
  const place = folder(t);
  const source = file(join(place, 'a.dcm'));
  const before = readFileSync(source);
  const { values, status } = await run(source, '--out', join(place, 'out'), '--profile', 'basic', '--json');
  assert.equal(status, 0);
  assert.partialDeepStrictEqual(values[0], { written: 1, refused: 0, failed: 0 });
  const written = writtenOf(values[0])[0] ?? '';
  assert.match(written, /out\/2\.25\.\d+\/2\.25\.\d+\/2\.25\.\d+\.dcm$/);
  assert.equal(/secret/i.test(readFileSync(written, 'latin1')), false);
  assert.equal(statSync(written).mode & 0o077, 0);
  assert.deepEqual(readFileSync(source), before);
});

function writtenOf(value: unknown): readonly string[] {
  const { files }: { files: readonly { written?: string }[] } = JSON.parse(JSON.stringify(value));
  return files.flatMap(({ written }) => written ?? []);
}

test('with a key two runs give the same names, without one they do not', async (t) => {
  const place = folder(t);
  const source = file(join(place, 'a.dcm'));
  const key = join(place, 'project.key');
  const into = async (name: string, ...more: readonly string[]): Promise<string> => {
    const out = join(place, name);
    const { values } = await run(source, '--out', out, '--profile', 'basic', '--json', ...more);
    return (writtenOf(values[0])[0] ?? '').slice(out.length);
  };
  assert.equal(await into('one', '--key', key), await into('two', '--key', key));
  assert.equal(statSync(key).mode & 0o077, 0);
  assert.notEqual(await into('three'), await into('four'));
});

test('what cannot be cleaned is refused by name, nothing of it is written, and the exit status tells', async (t) => {
  const place = folder(t);
  const source = file(join(place, 'a.dcm'), ctDataSet().setText(Tags.BurnedInAnnotation, 'CS', 'YES'));
  const out = join(place, 'out');
  const { lines, status } = await run(source, '--out', out, '--profile', 'basic');
  assert.equal(status, 1);
  assert.match(lines[0] ?? '', /^refused .*a\.dcm: .*burned into its pixels/);
  assert.equal(lines.at(-1), '0 written, 1 refused, 0 skipped, 0 failed.');
  assert.equal(existsSync(join(out, '2.25')), false);
});

test('nothing is overwritten', async (t) => {
  const place = folder(t);
  const source = file(join(place, 'a.dcm'));
  const words = [source, '--out', join(place, 'out'), '--profile', 'basic', '--key', join(place, 'k')];
  assert.equal((await run(...words)).status, 0);
  const { lines, status } = await run(...words);
  assert.equal(status, 1);
  assert.match(lines[0] ?? '', /is there already, and nothing is overwritten/);
});

test('wrong use is told: an option that is not offered, a key that others may read, a profile that is none', async (t) => {
  const place = folder(t);
  const source = file(join(place, 'a.dcm'));
  const out = ['--out', join(place, 'out')];
  const refused = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'BAD_REQUEST';
  await assert.rejects(run(source, ...out, '--profile', 'basic', '--option', 'clean-pixel-data'), refused);
  await assert.rejects(run(place, ...out, '--profile', 'basic'), refused);
  const key = join(place, 'wide.key');
  writeFileSync(key, '00'.repeat(32), { mode: 0o644 });
  await assert.rejects(run(source, ...out, '--profile', 'basic', '--key', key), refused);
  await assert.rejects(run(source, ...out, '--profile', 'other'), /Allowed choices are basic/);
  await assert.rejects(run(source, ...out), /required option/);
});
