/** The commands of the documentation, one after the other, with what they print for programs and how they end. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { differences, filesBelow, type Image, writeSeries } from '../support/dicom-files.ts';
import { day, type Device, Leadglass, parseJson } from '../support/leadglass.ts';
import { freePort } from '../support/programs.ts';

let leadglass: Leadglass;
let ct1: Device;
let read1: Device;
let images: readonly Image[];
let study: string;
const paths = (): readonly string[] => images.map(({ path }) => path);

before(async () => {
  leadglass = await Leadglass.start({ config: 'archive: { retentionDays: 0 }\n' });
  ct1 = await leadglass.enrol('CT1', 'acquisition');
  read1 = await leadglass.enrol('READ1', 'reading');
  images = writeSeries(
    leadglass.path('images'),
    { study: 'own client', patientId: 'OWN-1', patientName: 'Doe^Jane' },
    4,
  );
  study = images[0]?.studyInstanceUid ?? '';
});
after(() => leadglass[Symbol.asyncDispose]());

test('echo tells that the server answers', async () => {
  const echo = await leadglass.json<{ ok: boolean; status: number }>('echo', leadglass.address, '--as', ct1.folder);
  assert.deepEqual([echo.ok, echo.status], [true, 0]);
});

test('send stores a folder', async () => {
  const where = [leadglass.address, '--as', ct1.folder];
  const sent = await leadglass.json<{ sent: number; failed: number }>('send', ...where, leadglass.path('images'));
  assert.deepEqual([sent.sent, sent.failed], [images.length, 0]);
});

test('find answers as DICOM JSON at each level', async () => {
  const where = [leadglass.address, '--as', read1.folder];
  const found = await leadglass.json<readonly Record<string, unknown>[]>('find', ...where, '-k', 'PatientName=doe*');
  assert.equal(found.length, 1);
  assert.deepEqual(found[0]?.['0020000D'], { vr: 'UI', Value: [study] });
  const keys = ['-k', `StudyInstanceUID=${study}`, '-k', `SeriesInstanceUID=${images[0]?.seriesInstanceUid ?? ''}`];
  const instances = await leadglass.json<readonly unknown[]>('find', ...where, '--level', 'IMAGE', ...keys);
  assert.equal(instances.length, images.length);
  assert.deepEqual(await leadglass.json('find', ...where, '-k', 'PatientID=NOBODY'), []);
});

test('get writes the study bit for bit into a new folder, and never into one with something in it', async () => {
  const options = ['get', leadglass.address, '--as', read1.folder, '--study', study, '--out', leadglass.path('got')];
  const got = await leadglass.json<{ completed: number; failed: number }>(...options);
  assert.deepEqual([got.completed, got.failed], [images.length, 0]);
  assert.deepEqual(differences(paths(), leadglass.path('got')), []);
  const again = await leadglass.run(...options);
  assert.equal(again.status, 2);
  assert.match(again.stderr, /not empty/);
});

test('move to a destination that cannot be reached fails, and says so', async () => {
  const read2 = await leadglass.enrol('READ2', 'reading', '--move-destination', `WS2=localhost:${await freePort()}`);
  const ran = await leadglass.run('move', leadglass.address, '--as', read2.folder, '--study', study, '--to', 'WS2');
  assert.equal(ran.status, 1, ran.output);
});

test('import tells what it did with each file', async () => {
  const again = await leadglass.json<{ stored: number; duplicate: number }>('import', leadglass.path('images'));
  assert.deepEqual([again.stored, again.duplicate], [0, images.length]);
  const missing = await leadglass.run('import', leadglass.path('nothing'));
  assert.ok(missing.status === 1 || missing.status === 2, missing.output);
});

test('study list, show and export', async () => {
  const listed = await leadglass.json<{ studies: readonly { studyInstanceUid: string; instances: number }[] }>(
    ...['study', 'list', '--name', 'doe*'],
  );
  assert.deepEqual(
    listed.studies.map(({ studyInstanceUid, instances }) => [studyInstanceUid, instances]),
    [[study, images.length]],
  );
  const shown = await leadglass.json<{ series: readonly { instances: number }[] }>('study', 'show', study);
  assert.deepEqual(
    shown.series.map(({ instances }) => instances),
    [images.length],
  );
  const out = leadglass.path('exported');
  const exported = await leadglass.json<{ files: readonly unknown[] }>('study', 'export', study, '--out', out);
  assert.equal(exported.files.length, images.length);
  assert.deepEqual(differences(paths(), out), []);
  assert.equal((await leadglass.run('study', 'show', '1.2.3.4')).status, 1);
  assert.equal((await leadglass.run('study', 'show', '../../etc')).status, 2);
});

test('verify and index rebuild, with the server and without it', async () => {
  const verify = await leadglass.json<{ intact: boolean; instances: number }>('verify');
  assert.deepEqual([verify.intact, verify.instances], [true, images.length]);
  const rebuilt = await leadglass.json<{ instances: number; studies: number }>('index', 'rebuild');
  assert.deepEqual([rebuilt.instances, rebuilt.studies], [images.length, 1]);
  assert.equal(await leadglass.stop(), 0);
  assert.equal((await leadglass.json<{ intact: boolean }>('verify')).intact, true);
  assert.equal((await leadglass.json<{ instances: number }>('index', 'rebuild')).instances, images.length);
  assert.equal((await leadglass.run('status')).status, 3, 'nobody to ask');
  await leadglass.succeed('ledger', 'verify');
  await leadglass.start();
});

test('study remove hides at once, brings back, and destroys in a second step', async () => {
  const remove = (...more: readonly string[]): ReturnType<Leadglass['run']> =>
    leadglass.run('study', 'remove', study, '--reason', 'retention ended', ...more);
  const find = (): Promise<readonly unknown[]> =>
    leadglass.json('find', leadglass.address, '--as', read1.folder, '-k', 'PatientID=OWN-1');
  assert.equal((await leadglass.run('study', 'remove', study)).status, 2, 'a reason is needed');
  assert.equal((await remove()).status, 0);
  assert.deepEqual(await find(), []);
  assert.equal((await remove('--undo')).status, 0);
  assert.equal((await find()).length, 1);
  assert.notEqual((await remove('--finish')).status, 0, 'not without the first step');
  assert.equal((await remove()).status, 0);
  assert.equal((await remove('--finish')).status, 0);
  assert.notEqual((await remove('--undo')).status, 0);
  const out = ['--out', leadglass.path('removed')];
  await leadglass.run('get', leadglass.address, '--as', read1.folder, '--study', study, ...out);
  assert.deepEqual(filesBelow(leadglass.path('removed')), []);
  await leadglass.succeed('verify');
});

test('ledger show tells the whole story, and ledger verify that it is intact', async () => {
  const rows = await leadglass.ledger('--study', study);
  assert.ok(rows.length >= 6, `${rows.length} records`);
  assert.ok(rows.every(({ studyInstanceUids }) => studyInstanceUids.includes(study)));
  for (const word of ['110104', '110103', '110106']) {
    assert.ok(
      (await leadglass.ledger()).some(({ event }) => event.startsWith(word)),
      word,
    );
  }
  const verdict = await leadglass.json<{ intact: boolean; records: number }>('ledger', 'verify');
  assert.equal(verdict.intact, true);
  assert.deepEqual(await leadglass.ledger('--patient', 'NOBODY'), []);
});

test('device renew tells what becomes of the certificate before, and its reason is in the ledger', async () => {
  await leadglass.enrol('CT9', 'acquisition');
  const words = ['device', 'renew', 'CT9', '--until', day(25), '--reason', 'disk of CT9 replaced'];
  const { stdout } = await leadglass.succeed(...words, '--out', leadglass.path('ct9-new'));
  assert.match(stdout, /^The certificate before stays valid until \d{4}-\d{2}-\d{2} \d{2}:\d{2}Z, /m);
  assert.match(stdout, /leadglass device revoke CT9 --reason TEXT/);
  // Where PS3.15 A.5 puts the details of an object: in base64, which the table of `ledger show` leaves out.
  const records = filesBelow(join(leadglass.data, 'ledger')).map((path) => readFileSync(path, 'utf8'));
  const details = records.flatMap((text) => text.match(/[A-Za-z0-9+/]{16,}={0,2}/g) ?? []);
  assert.ok(
    details.some((detail) => Buffer.from(detail, 'base64').toString().includes(': disk of CT9 replaced')),
    'the reason is recorded',
  );
  const pinned = ['--certificate', `${read1.folder}/cert.pem`, '--until', day(20)];
  const add = ['device', 'add', 'CT8', '--purpose', 'acquisition', '--reason', 'x', ...pinned];
  const unnamed = await leadglass.run(...add);
  assert.equal(unnamed.status, 1, 'READ1 holds this certificate');
  const added = await leadglass.succeed(...add, '--shared-with', 'READ1');
  const authority = /It must trust the authority of this server: (.*)/.exec(added.stdout)?.[1] ?? '';
  assert.equal(readFileSync(authority, 'utf8'), readFileSync(`${read1.folder}/ca.pem`, 'utf8'));
});

test('commands end with 2 for wrong use and with 3 when they cannot run; every one has help with an example', async () => {
  assert.equal((await leadglass.run('device', 'add', 'X')).status, 2);
  assert.equal((await leadglass.run('no-such-command')).status, 2);
  assert.equal((await leadglass.run('find', 'nonsense', '--as', read1.folder)).status, 2);
  const unreachable = await leadglass.run('echo', `localhost:${await freePort()}`, '--as', read1.folder);
  assert.equal(unreachable.status, 3, unreachable.output);
  for (const command of ['serve', 'status', 'echo', 'send', 'find', 'get', 'move', 'import', 'verify']) {
    const help = await leadglass.run(command, '--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, /Examples?:/, command);
  }
});

test('opening export and apply: the difference is shown, and taken with --yes', async () => {
  const { stdout } = await leadglass.succeed('opening', 'export');
  const file = leadglass.path('openings.yaml');
  writeFileSync(file, stdout);
  const same = parseJson<{ changes: readonly unknown[] }>(await leadglass.succeed('opening', 'apply', file, '--json'));
  assert.deepEqual(same.changes, []);
  writeFileSync(file, stdout.replaceAll(day(20), day(10)));
  const asked = await leadglass.run('opening', 'apply', file);
  assert.equal(asked.status, 1, 'nobody said yes');
  assert.match(asked.stdout, new RegExp(`until: .*${day(20)}.* -> .*${day(10)}`));
  await leadglass.succeed('opening', 'apply', file, '--yes');
  const { opening } = await leadglass.json<{ opening: { until: string } }>('opening', 'show', 'CT1');
  assert.equal(opening.until, day(10));
});
