/** A partner gets what was released to it, while it is released, and never learns of anything else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, filesBelow, writeImage } from '../support/dicom-files.ts';
import { day, Leadglass } from '../support/leadglass.ts';

test('nothing before the release, just that study after it', async () => {
  await using leadglass = await Leadglass.start();
  const clinic = await leadglass.enrol('CLINIC2', 'exchange');
  const wanted = writeImage(leadglass.path('wanted'), { study: 'exchange', patientId: 'SHARED-1' });
  const other = writeImage(leadglass.path('other'), { study: 'exchange other', patientId: 'PRIVATE-1' });
  await leadglass.succeed('import', wanted.path, other.path);
  const find = (): Promise<readonly unknown[]> =>
    leadglass.json('find', leadglass.address, '--as', clinic.folder, '-k', 'PatientID');
  const get = async (uid: string, out: string): Promise<string> => {
    const options = ['--as', clinic.folder, '--study', uid, '--out', leadglass.path(out)];
    await leadglass.run('get', leadglass.address, ...options);
    return leadglass.path(out);
  };
  assert.deepEqual(await find(), []);
  assert.deepEqual(filesBelow(await get(wanted.studyInstanceUid, 'before')), []);

  const terms = ['--to', 'CLINIC2', '--until', day(3), '--reason', 'referral'];
  await leadglass.succeed('study', 'release', wanted.studyInstanceUid, ...terms);
  const found = await find();
  assert.equal(found.length, 1);
  assert.match(JSON.stringify(found), /SHARED-1/);
  assert.deepEqual(differences([wanted.path], await get(wanted.studyInstanceUid, 'after')), []);
  assert.deepEqual(filesBelow(await get(other.studyInstanceUid, 'other-study')), []);

  const rows = await leadglass.ledger('--study', wanted.studyInstanceUid);
  assert.ok(
    rows.some(({ event, who }) => event.startsWith('110104') && who === 'CLINIC2'),
    'that it was fetched is in the ledger',
  );
  const refused = await leadglass.ledger('--study', other.studyInstanceUid, '--who', 'CLINIC2');
  assert.ok(
    refused.some(({ reason }) => reason === 'outside-scope'),
    'that the other one was tried, too',
  );
});

test('only a device for exchange gets releases, and only of a study that is there', async () => {
  await using leadglass = await Leadglass.start();
  await leadglass.enrol('READ1', 'reading');
  await leadglass.enrol('CLINIC2', 'exchange');
  const { path, studyInstanceUid } = writeImage(leadglass.path('study'), { study: 'exchange' });
  await leadglass.succeed('import', path);
  const terms = ['--until', day(3), '--reason', 'referral'];
  const toReading = await leadglass.run('study', 'release', studyInstanceUid, '--to', 'READ1', ...terms);
  assert.notEqual(toReading.status, 0);
  const ofNothing = await leadglass.run('study', 'release', '1.2.3.4', '--to', 'CLINIC2', ...terms);
  assert.equal(ofNothing.status, 1, ofNothing.output);
  const past = ['--to', 'CLINIC2', '--until', day(-2), '--reason', 'late'];
  assert.equal((await leadglass.run('study', 'release', studyInstanceUid, ...past)).status, 2);
});
