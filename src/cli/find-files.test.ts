import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { writePart10Head } from '../dicom/part10.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { corpusFolder, needsCorpus } from '../../test/support/peers.ts';
import { findFiles, resolveReference } from './find-files.ts';

function folder(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'leadglass-files-')));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const dicom = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]);

function dicomdir(references: readonly (readonly string[])[]): Buffer {
  const records = references.map((components) => new DataSet().setText(0x00041500, 'CS', components));
  const dataSet = new DataSet().setItems(0x00041220, records);
  const facts = {
    sopClassUid: knownUid('1.2.840.10008.1.3.10'),
    sopInstanceUid: knownUid('1.2.3'),
    transferSyntaxUid: TransferSyntaxes.ExplicitVrLittleEndian,
  };
  return Buffer.concat([writePart10Head(facts), writeDataSet(dataSet, TransferSyntaxes.ExplicitVrLittleEndian)]);
}

test('a medium gives what its DICOMDIR lists, names in small letters and with versions included', (t) => {
  const place = folder(t);
  mkdirSync(join(place, 'images'));
  writeFileSync(join(place, 'images', 'im1;1'), dicom);
  writeFileSync(join(place, 'unlisted'), dicom);
  writeFileSync(
    join(place, 'DICOMDIR'),
    dicomdir([
      ['IMAGES', 'IM1'],
      ['IMAGES', 'IM2'],
    ]),
  );
  const found = [...findFiles([place])];
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['dicom', 'missing'],
  );
  assert.equal(found[0]?.path, join(place, 'images', 'im1;1'));
  assert.deepEqual([...findFiles([join(place, 'DICOMDIR')])], found);
});

test('DICOMDIR traversal: references upwards, absolute, through links, and with separators are not followed', (t) => {
  const place = folder(t);
  const medium = join(place, 'medium');
  mkdirSync(medium);
  writeFileSync(join(place, 'secret'), dicom);
  symlinkSync(join(place, 'secret'), join(medium, 'LINK'));
  symlinkSync(place, join(medium, 'UP'));
  const hostile = [
    ['..', 'secret'],
    ['/', 'etc', 'passwd'],
    ['/etc/passwd'],
    ['LINK'],
    ['UP', 'secret'],
    ['a/../../secret'],
    ['.'],
    [''],
    ['C:\\x'],
    ['\0'],
  ];
  for (const components of hostile)
    assert.equal(typeof resolveReference(medium, components), 'object', components.join(','));
  writeFileSync(join(medium, 'DICOMDIR'), dicomdir([['LINK'], ['UP', 'SECRET'], ['..', 'SECRET']]));
  assert.deepEqual(
    [...findFiles([medium])].map(({ kind }) => kind),
    ['missing', 'missing', 'missing'],
  );
});

test('a DICOMDIR that cannot be read is told, and nothing else of it is taken', (t) => {
  const place = folder(t);
  writeFileSync(join(place, 'DICOMDIR'), Buffer.concat([dicom, Buffer.alloc(40, 0xff)]));
  assert.deepEqual(
    [...findFiles([place])].map(({ kind }) => kind),
    ['missing'],
  );
});

test('a loop of links in a folder ends', (t) => {
  const place = folder(t);
  symlinkSync(place, join(place, 'again'));
  writeFileSync(join(place, 'a'), dicom);
  assert.equal([...findFiles([place])].length, 1);
});

test('the corpus medium is found whole', needsCorpus(), () => {
  const found = [...findFiles([join(corpusFolder ?? '', 'media')])];
  assert.ok(found.length > 10);
  assert.deepEqual(
    found.filter(({ kind }) => kind !== 'dicom'),
    [],
  );
});
