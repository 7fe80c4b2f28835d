/** A clerk lets studies go to exchange partners, within the own opening and under the own name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { callOf, importFiles, makeFile, openHouse, records, refusal } from './compose.test-support.ts';
import { type Staff, staffOf } from './signed-in.test-support.ts';

const cara = 'cara@hospital.example';
const partner = parseAeTitle('PARTNER', 'AE title');
const given = { device: partner, until: '2099-01-01', reason: 'second opinion' };

const open = (staff: Staff, changes: { allow?: ('find' | 'release')[]; modalities?: string[] }) =>
  staff.accounts.accountOpen(callOf('account open'), {
    email: cara,
    allow: changes.allow ?? ['find', 'release'],
    scope: changes.modalities === undefined ? {} : { modalities: changes.modalities },
    addresses: [],
    until: '2099-01-01',
    reason: 'exchange',
  });

test('a clerk releases what is wholly inside the own opening; everything else is not there', async () => {
  await using house = await openHouse();
  using staff = staffOf(house);
  const { policy } = house.installation;
  policy.addDevice({ name: partner, purpose: 'exchange', reason: 'r', owner: 'root', createdAtMs: 0 });
  await importFiles(
    house,
    makeFile({ study: 1, modality: 'MR' }),
    makeFile({ study: 2, modality: 'CT' }),
    makeFile({ study: 3, series: 1, modality: 'MR' }),
    makeFile({ study: 3, series: 2, modality: 'CT' }),
  );
  const secret = await staff.signIn(cara, 'exchange-clerk');
  const release = async (study: number) =>
    house.services.studyRelease(await staff.call(secret, 'study release'), {
      ...given,
      studyInstanceUid: `1.2.3.${study}`,
    });

  await release(2);
  assert.deepEqual(
    policy.releasesTo(partner).map(({ owner, studyInstanceUid }) => [owner, studyInstanceUid]),
    [[cara, '1.2.3.2']],
  );
  const last = (await records(house)).at(-1);
  assert.deepEqual(
    [last?.principal, last?.event, last?.type, last?.outcome],
    [`person ${cara}`, '110113', '110129', 0],
  );

  await open(staff, { modalities: ['MR'] });
  await release(1);
  const text = (study: number) => `Cannot release the study: there is no study 1.2.3.${study}`;
  await assert.rejects(release(2), { code: 'NOT_FOUND', message: text(2) });
  await assert.rejects(release(9), { code: 'NOT_FOUND', message: text(9) });
  await assert.rejects(release(3), refusal('NOT_AUTHORIZED', /a part of it only/));
  await open(staff, { allow: ['find'] });
  await assert.rejects(release(1), { reason: 'operation' });
  assert.equal(policy.releasesTo(partner).length, 2);
});
