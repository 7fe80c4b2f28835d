/**
 * Every real and odd file beside the project: the valid ones go in and come back bit for bit, by association and by import;
 * the hostile ones get their clear answer; whatever lies between crashes nothing.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { cutFile, differences } from '../support/dicom-files.ts';
import { type Device, Leadglass, parseJson } from '../support/leadglass.ts';
import { corpusFolder, needsCorpus } from '../support/peers.ts';

interface ManifestEntry {
  readonly path: string;
  readonly expect: 'valid' | 'readable with warning' | 'must be refused';
}

/** Valid DICOM files that an image archive does not take, each with the reason. */
const notStored: Readonly<Record<string, string>> = {
  'real/orthanc__wklist1.wl': 'a worklist item: of no storage SOP class',
  'real/weasis-dicom-tools__jpeg2000-multiframe-multifragments.dcm':
    'its SOP Instance UID has 68 characters, 64 is the most',
  'real/pydicom__JPEGLSNearLossless_16.dcm': 'no Study Instance UID',
  'real/pydicom-data__HTJ2KLossless_08_RGB.dcm': 'no Study Instance UID',
  'real/pydicom__chrSQEncoding1.dcm': 'no SOP Class UID',
  'real/pydicom__priv_SQ.dcm': 'no SOP Class UID',
  'media/DICOMDIR': 'a directory of other files: of no storage SOP class, read by import itself',
};

const folder = corpusFolder ?? '';
const manifest: readonly ManifestEntry[] =
  corpusFolder === undefined ? [] : parseJson({ stdout: readFileSync(join(folder, 'manifest.json'), 'utf8') });
const named = (expect: ManifestEntry['expect']): readonly string[] =>
  manifest.filter((entry) => entry.expect === expect).map(({ path }) => path);
const valid = named('valid').filter((path) => !(path in notStored));

interface Sent {
  readonly sent: number;
  readonly failed: number;
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
}
interface Imported {
  readonly stored: number;
  readonly duplicate: number;
  readonly files: readonly { readonly path: string; readonly result: string; readonly problem?: string }[];
}

/** Four at a time, since most of a command's time is its start. */
async function forEachStudy(
  leadglass: Leadglass,
  work: (studyInstanceUid: string, index: number) => Promise<unknown>,
): Promise<void> {
  const listed = await leadglass.json<{ studies: readonly { studyInstanceUid: string }[] }>('study', 'list');
  const left = listed.studies.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { studyInstanceUid }] of left) await work(studyInstanceUid, index);
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

/** The same UID in two valid files of the corpus: the second one is a conflict by design, and both are named here. */
function withoutDoubles(paths: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return paths.filter((path) => {
    const { sopInstanceUid } = cutFile(join(folder, path));
    if (seen.has(sopInstanceUid)) return false;
    seen.add(sopInstanceUid);
    return true;
  });
}

describe('the corpus', needsCorpus(), () => {
  let leadglass: Leadglass;
  let device: Device;
  const files = withoutDoubles(valid);
  const paths = files.map((path) => join(folder, path));

  before(async () => {
    leadglass = await Leadglass.start({ config: 'archive: { retentionDays: 0 }\n' });
    device = await leadglass.enrol('CORPUS', 'archive', '--private-sop-classes');
  });
  after(() => leadglass[Symbol.asyncDispose]());

  test('every valid image goes in by association', async () => {
    assert.ok(files.length > 70, `${files.length} files`);
    const ran = await leadglass.run('send', leadglass.address, '--as', device.folder, '--json', ...paths);
    const { sent, problems } = parseJson<Sent>(ran);
    assert.deepEqual(problems, []);
    assert.equal(sent, files.length);
  });

  test('and comes back bit for bit by C-GET', async () => {
    const back = leadglass.path('got');
    await forEachStudy(leadglass, (study, index) => {
      const out = ['--study', study, '--out', join(back, String(index))];
      return leadglass.succeed('get', leadglass.address, '--as', device.folder, ...out);
    });
    assert.deepEqual(differences(paths, back), []);
  });

  test('and by export, the whole file with its meta information', async () => {
    const back = leadglass.path('exported');
    await forEachStudy(leadglass, (study, index) =>
      leadglass.succeed('study', 'export', study, '--out', join(back, String(index))),
    );
    assert.deepEqual(differences(paths, back), []);
  });

  test('import takes the same files as what is here already, and whole media by their DICOMDIR', async () => {
    const ran = await leadglass.run('import', '--json', ...paths);
    const again = parseJson<Imported>(ran);
    assert.deepEqual(
      again.files.filter(({ result }) => result !== 'duplicate'),
      [],
    );
    const media = await leadglass.json<Imported>('import', join(folder, 'media'));
    assert.equal(media.duplicate, valid.filter((path) => path.startsWith('media/')).length);
  });

  test('hostile files are refused by import and by association, each with its reason, and the server stays up', async () => {
    const before = await leadglass.json<{ archive: { instances: number } }>('status');
    const hostile = named('must be refused').map((path) => join(folder, path));
    const imported = await leadglass.run('import', '--json', ...hostile);
    assert.equal(imported.status, 1, imported.stderr);
    for (const path of hostile) {
      const file = parseJson<Imported>(imported).files.find((found) => found.path === path);
      assert.equal(file?.result, 'failed', path);
      assert.ok((file?.problem ?? '').length > 10, `${path}: ${file?.problem}`);
    }
    const sent = await leadglass.run('send', leadglass.address, '--as', device.folder, '--json', ...hostile);
    assert.equal(sent.status, 1, sent.output);
    const { problems } = parseJson<Sent>(sent);
    assert.deepEqual(problems.map(({ path }) => path).toSorted(), hostile.toSorted());
    await leadglass.succeed('echo', leadglass.address, '--as', device.folder);
    const after = await leadglass.json<{ archive: { instances: number } }>('status');
    assert.equal(after.archive.instances, before.archive.instances, 'nothing of them was kept');
  });

  test('odd files are stored or refused, and break nothing', async () => {
    const odd = named('readable with warning').map((path) => join(folder, path));
    const imported = await leadglass.run('import', '--json', ...odd);
    assert.ok(imported.status <= 1, imported.stderr);
    assert.equal(parseJson<Imported>(imported).files.length, odd.length);
    const listed = await leadglass.succeed('study', 'list');
    // oxlint-disable-next-line no-control-regex -- just what may not be there
    assert.doesNotMatch(listed.stdout, /[\u0000-\u0009\u000b-\u001f\u007f\u0080-\u009f]/, 'text of peers is escaped');
    await leadglass.succeed('verify');
    await leadglass.succeed('index', 'rebuild');
    await leadglass.succeed('ledger', 'verify');
    assert.doesNotMatch(leadglass.log, /"level":"error"/);
  });

  test('what is valid and not stored is refused with its reason', async () => {
    for (const [path, reason] of Object.entries(notStored)) {
      if (path.endsWith('DICOMDIR')) continue;
      const { status, output } = await leadglass.run('import', join(folder, path));
      assert.equal(status, 1, output);
      assert.match(output, reason.startsWith('a worklist item') ? /SOP class/i : /not a UID/, path);
    }
  });
});
