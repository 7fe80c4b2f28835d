/**
 * Second opinions over real files: GDCM's gdcmanon, another implementation of the profile (of an earlier edition), about what has to go,
 * and dicom3tools' dciodvfy about whether the objects are still what the standard wants.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after as afterAll, test } from 'node:test';
import { corpusFolder, needs, needsCorpus } from '../../../test/support/peers.ts';
import { LeadglassError } from '../../error.ts';
import { limits as all } from '../../limits.ts';
import type { DataSet } from '../data-set.ts';
import { readDataSet } from '../data-set-codec.ts';
import { readPart10Head, writePart10Head } from '../part10.ts';
import { formatTag } from '../tag.ts';
import { knownUid } from '../uid.ts';
import { Tags } from '../dictionary/dictionary.ts';
import { bytesAfter, factsWith, limits } from './de-identify.test-support.ts';

const folder = mkdtempSync(join(tmpdir(), 'leadglass-deidentify-peer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Made {
  readonly name: string;
  readonly source: string;
  readonly written: string;
}

function dataSetOf(path: string): DataSet {
  const file = readFileSync(path);
  const head = readPart10Head(file, { limits: all.part10, isWhole: true });
  assert.ok(head.state === 'whole');
  const bytes = new Uint8Array(file.subarray(head.headLength));
  return readDataSet(bytes, { transferSyntaxUid: head.transferSyntaxUid, limits });
}

/** Those real files that are taken, and what became of them. */
async function made(): Promise<readonly Made[]> {
  const result: Made[] = [];
  mkdirSync(join(folder, 'ours'), { recursive: true });
  for (const name of globSync('real/*', { cwd: corpusFolder ?? '' }).toSorted()) {
    const source = join(corpusFolder ?? '', name);
    const file = readFileSync(source);
    try {
      const head = readPart10Head(file, { limits: all.part10, isWhole: true });
      if (head.state === 'more') continue;
      const bytes = new Uint8Array(file.subarray(head.headLength));
      const after = await bytesAfter(bytes, head.transferSyntaxUid, factsWith());
      const dataSet = readDataSet(after.bytes, { transferSyntaxUid: after.transferSyntaxUid, limits });
      const fileHead = writePart10Head({
        sopClassUid: knownUid(dataSet.text(Tags.SOPClassUID) ?? ''),
        sopInstanceUid: knownUid(dataSet.text(Tags.SOPInstanceUID) ?? ''),
        transferSyntaxUid: knownUid(after.transferSyntaxUid),
      });
      const written = join(folder, 'ours', basename(name));
      writeFileSync(written, Buffer.concat([fileHead, after.bytes]));
      result.push({ name, source, written });
    } catch (error) {
      assert.ok(error instanceof LeadglassError, `${name}: ${String(error)}`);
    }
  }
  return result;
}

const skip = { skip: needsCorpus().skip };

test('what GDCM takes away or replaces does not stay here either', needs('gdcmanon', 'openssl'), async (t) => {
  if (skip.skip !== false) return t.skip(skip.skip);
  const key = join(folder, 'key.pem');
  const certificate = join(folder, 'certificate.pem');
  const words = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-keyout',
    key,
    '-out',
    certificate,
    '-nodes',
    '-subj',
    '/CN=test',
  ];
  execFileSync('openssl', words, { stdio: 'ignore' });
  let compared = 0;
  for (const { name, source, written } of await made()) {
    const theirs = join(folder, 'theirs.dcm');
    rmSync(theirs, { force: true });
    const { status } = spawnSync('gdcmanon', ['-e', '-c', certificate, '-i', source, '-o', theirs]);
    // It takes fewer kinds of objects.
    if (status !== 0) continue;
    const [original, opinion, ours] = [dataSetOf(source), dataSetOf(theirs), dataSetOf(written)];
    for (const { tag, value } of original) {
      if (!(value instanceof Uint8Array) || value.length === 0 || tag === Tags.PixelData) continue;
      const theirValue = opinion.get(tag)?.value;
      const isKeptThere = theirValue instanceof Uint8Array && Buffer.from(theirValue).equals(value);
      const ourValue = ours.get(tag)?.value;
      const isKeptHere = ourValue instanceof Uint8Array && Buffer.from(ourValue).equals(value);
      if (!isKeptThere) assert.ok(!isKeptHere, `${name} ${formatTag(tag)}`);
    }
    compared += 1;
  }
  assert.ok(compared >= 5, `${compared} files compared`);
});

test(
  'objects stay what they are: dciodvfy finds nothing wrong that was not wrong before',
  needs('dciodvfy'),
  async (t) => {
    if (skip.skip !== false) return t.skip(skip.skip);
    const errorsOf = (path: string): ReadonlySet<string> => {
      const { stdout, stderr } = spawnSync('dciodvfy', [path], { encoding: 'latin1' });
      return new Set(`${stderr}\n${stdout}`.split('\n').filter((line) => line.startsWith('Error')));
    };
    let compared = 0;
    for (const { name, source, written } of await made()) {
      assert.deepEqual([...errorsOf(written).difference(errorsOf(source))], [], name);
      compared += 1;
    }
    assert.ok(compared >= 15, `${compared} files compared`);
  },
);
