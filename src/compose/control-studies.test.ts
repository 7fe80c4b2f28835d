import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  callOf,
  codesSince,
  exportFiles,
  importFiles,
  makeFile,
  openHouse,
  records,
  refusal,
  uidIn,
} from './compose.test-support.ts';
import { removalView } from './removal-view.ts';

const all = { removed: false, mismatched: false, rows: 200 };

test('studies are listed newest first, with what they hold and until when they are kept', async () => {
  await using house = await openHouse({ retentionDays: 10 });
  const files = [1, 2, 3].map((study) => makeFile({ study, studyDate: `2024010${study}` }));
  const second = makeFile({ study: 2, series: 2, modality: 'SR', studyDate: '20240102' });
  await importFiles(house, ...files, second);
  const { studies, more } = await house.services.studyList(callOf(), all);
  assert.deepEqual(
    studies.map(({ studyDate }) => studyDate),
    ['2024-01-03', '2024-01-02', '2024-01-01'],
  );
  assert.equal(more, false);
  const [, study] = studies;
  assert.ok(study?.lastReceivedAt !== undefined && study.retainedUntil !== undefined);
  assert.equal(Date.parse(study.retainedUntil) - Date.parse(study.lastReceivedAt), 10 * 86_400_000);
  assert.deepEqual(
    { ...study, lastReceivedAt: '', retainedUntil: '' },
    {
      studyInstanceUid: '1.2.3.2',
      patientId: 'P2',
      patientName: 'DOE^JANE',
      studyDate: '2024-01-02',
      accessionNumber: 'A2',
      description: '',
      modalities: ['CT', 'SR'],
      series: 2,
      instances: 2,
      bytes: second.bytes.length + (files[1]?.bytes.length ?? 0),
      lastReceivedAt: '',
      retainedUntil: '',
      mismatchedInstances: 0,
      state: 'stored',
    },
  );
});

test('a short list holds the newest and says that there are more, with and without a filter', async () => {
  await using house = await openHouse();
  const days = ['20240105', '20240101', '20240103', '20240104', '20240102'];
  await importFiles(house, ...days.map((studyDate, study) => makeFile({ study: study + 1, studyDate })));
  const list = async (given: Partial<Parameters<typeof house.services.studyList>[1]>) => {
    const { studies, more } = await house.services.studyList(callOf(), { ...all, ...given });
    return [studies.map(({ studyDate }) => studyDate.slice(-1)).join(''), more];
  };
  assert.deepEqual(await list({ rows: 2 }), ['54', true]);
  assert.deepEqual(await list({ rows: 4 }), ['5432', true]);
  assert.deepEqual(await list({ rows: 5 }), ['54321', false]);
  assert.deepEqual(await list({ rows: 2, to: '2024-01-03' }), ['32', true]);
  assert.deepEqual(await list({ rows: 1, patientName: 'doe*' }), ['5', true]);
  assert.deepEqual(await list({ from: '2024-01-02', to: '2024-01-03' }), ['32', false]);
  assert.deepEqual(await list({ patientId: 'P1' }), ['5', false]);
  assert.deepEqual(await list({ accessionNumber: 'A9' }), ['', false]);
  assert.deepEqual(await list({ modality: 'MR' }), ['', false]);
  assert.deepEqual(await list({ modality: 'CT', rows: 3 }), ['543', true]);
});

test('one study is shown with its series in their order; each query is in the ledger', async () => {
  await using house = await openHouse();
  await importFiles(
    house,
    makeFile({ series: 10, texts: [[Tags.SeriesDescription, 'Thorax öß']] }),
    makeFile({ series: 2 }),
    makeFile({ series: 2, instance: 2 }),
  );
  const { seq } = house.installation.ledger.head;
  const { study, series } = await house.services.studyShow(callOf(), { studyInstanceUid: '1.2.3.1' });
  assert.equal(study.instances, 3);
  assert.deepEqual(series, [
    { seriesInstanceUid: '1.2.3.1.2', seriesNumber: '2', modality: 'CT', description: '', instances: 2 },
    { seriesInstanceUid: '1.2.3.1.10', seriesNumber: '10', modality: 'CT', description: 'Thorax öß', instances: 1 },
  ]);
  assert.deepEqual(await codesSince(house, seq), ['110112 0']);
  await assert.rejects(
    house.services.studyShow(callOf(), { studyInstanceUid: '1.2.9' }),
    refusal('NOT_FOUND', /no study 1\.2\.9/),
  );
  await assert.rejects(house.services.studyShow(callOf(), { studyInstanceUid: '1..2' }), refusal('MALFORMED', /UID/));
});

test('a study is not removed before its retention has ended, and the attempt is recorded', async () => {
  await using house = await openHouse({ retentionDays: 1 });
  const { studyInstanceUid } = makeFile();
  await importFiles(house, makeFile());
  const { seq } = house.installation.ledger.head;
  await assert.rejects(
    house.services.studyRemove(callOf(), { studyInstanceUid, step: 'request', reason: 'r' }),
    refusal('NOT_AUTHORIZED', /retention of 1 days/),
  );
  // What was asked for, and that it failed; not an alert about a scope, which an operator has not.
  assert.deepEqual(await codesSince(house, seq), ['110103 0', '110103 8']);
  assert.equal((await house.services.studyList(callOf(), all)).studies.length, 1);
});

test('removal is requested, undone and finished: hidden, back, and gone with its key', async () => {
  await using house = await openHouse();
  const one = makeFile();
  await importFiles(house, one, makeFile({ study: 2 }));
  const { services } = house;
  const remove = (step: 'request' | 'undo' | 'finish') =>
    services.studyRemove(callOf(), { studyInstanceUid: one.studyInstanceUid, step, reason: 'wrong patient' });
  const listed = async (removed: boolean) =>
    (await services.studyList(callOf(), { ...all, removed })).studies.map(({ studyInstanceUid, state }) => [
      studyInstanceUid,
      state,
    ]);
  const shown = async () => services.studyShow(callOf(), { studyInstanceUid: one.studyInstanceUid });
  await assert.rejects(remove('finish'), refusal('CONFLICT', /not requested/));
  const refused = (await records(house)).filter(({ event, outcome }) => event === '110105' && outcome === 0);
  assert.deepEqual(refused, [], 'nothing was deleted, and nothing says so');

  const { seq } = house.installation.ledger.head;
  assert.deepEqual(await remove('request'), { studyInstanceUid: one.studyInstanceUid, step: 'request', instances: 1 });
  // Asked for, then done.
  assert.deepEqual(await codesSince(house, seq), ['110103 0', '110103 0']);
  assert.deepEqual(await listed(false), [['1.2.3.2', 'stored']]);
  assert.deepEqual(await listed(true), [['1.2.3.1', 'removal-requested']]);
  assert.equal((await shown()).study.state, 'removal-requested');
  assert.equal((await shown()).series.length, 1);
  await assert.rejects(exportFiles(house, one.studyInstanceUid), refusal('NOT_FOUND', /no study/));
  assert.deepEqual(
    (await services.studyList(callOf(), { ...all, removed: true, patientId: 'P2' })).studies,
    [],
    'filters count among the hidden ones, too',
  );

  await remove('undo');
  assert.deepEqual(await listed(true), []);
  assert.ok((await exportFiles(house, one.studyInstanceUid))[0]?.equals(one.file));

  await remove('request');
  await remove('finish');
  assert.deepEqual(await listed(true), []);
  await assert.rejects(shown(), refusal('NOT_FOUND', /no study/));
  const last = (await records(house)).find(({ event }) => event === '110105');
  assert.deepEqual(last?.studyInstanceUids, [one.studyInstanceUid]);
});

test('a study whose removal was requested tells who asked, when and why, whatever was tried since', async () => {
  await using house = await openHouse();
  const { services } = house;
  await importFiles(house, makeFile(), makeFile({ study: 2 }));
  const given = { studyInstanceUid: '1.2.3.1' };
  const removal = async () => (await services.studyShow(callOf(), given)).removal;
  assert.equal(await removal(), undefined);
  const before = Date.now();
  await services.studyRemove(callOf(), { ...given, step: 'request', reason: 'first <reason> & "more"' });
  await services.studyRemove(callOf(), { ...given, step: 'undo', reason: 'second thoughts' });
  assert.equal(await removal(), undefined);
  await services.studyRemove(callOf(), { ...given, step: 'request', reason: 'letter 77' });
  const bob = { ...callOf(), caller: { user: 'bob' } };
  await assert.rejects(
    services.studyRemove(bob, { ...given, step: 'request', reason: 'removal, request, done: mine' }),
  );
  await services.studyRemove(bob, { studyInstanceUid: '1.2.3.2', step: 'request', reason: 'another' });
  const shown = await removal();
  assert.deepEqual([shown?.by, shown?.reason], ['operator ada', 'letter 77']);
  assert.ok(Date.parse(shown?.requestedAt ?? '') >= before);
  const { archive, ledger } = house.installation;
  const inOneMillisecond: Pick<Ledger, 'query'> = {
    async *query(filter) {
      for await (const record of ledger.query(filter)) yield { ...record, at: shown?.requestedAt ?? '' };
    },
  };
  const view = await removalView({ archive, ledger: inOneMillisecond }, uidIn('1.2.3.1'));
  assert.deepEqual([view?.by, view?.reason], ['operator ada', 'letter 77']);
});

test('a removal of which the ledger knows no more still tells when it was requested', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile());
  const given = { studyInstanceUid: '1.2.3.1', step: 'request', reason: 'letter 77' } as const;
  await house.services.studyRemove(callOf(), given);
  const { archive } = house.installation;
  const removal = await removalView({ archive, ledger: { async *query() {} } }, uidIn('1.2.3.1'));
  assert.deepEqual(Object.keys(removal ?? {}), ['requestedAt']);
});

for (const keep of ['stored', 'arrived'] as const) {
  test(`a conflict is listed with both digests and decided for the ${keep} one`, async () => {
    await using house = await openHouse();
    const { services } = house;
    const stored = makeFile();
    const arrived = makeFile({ pixels: 500 });
    await importFiles(house, stored);
    await importFiles(house, arrived);
    const { conflicts, more } = await services.conflictList(callOf('conflict list'), { rows: 10 });
    assert.equal(more, false);
    const [conflict] = conflicts;
    assert.ok(conflict);
    assert.equal(conflict.sopInstanceUid, stored.sopInstanceUid);
    assert.match(conflict.storedSha256, /^[0-9a-f]{64}$/);
    assert.notEqual(conflict.storedSha256, conflict.arrivedSha256);
    const { seq } = house.installation.ledger.head;
    const decision = { id: conflict.id, keep, reason: 'the other is a test image' };
    assert.deepEqual(await services.conflictResolve(callOf(), decision), { id: conflict.id, kept: keep });
    // Asked for, then done.
    assert.deepEqual(await codesSince(house, seq), ['110103 0', '110103 0']);
    assert.deepEqual((await services.conflictList(callOf(), { rows: 10 })).conflicts, []);
    const [out] = await exportFiles(house, stored.studyInstanceUid);
    assert.deepEqual(out, Buffer.from(keep === 'stored' ? stored.file : arrived.file));
    await assert.rejects(services.conflictResolve(callOf(), decision), refusal('NOT_FOUND', /no such open conflict/));
  });
}

test('a study that also arrived under another patient says so, and is found by that', async () => {
  await using house = await openHouse();
  const { services } = house;
  const issuer = [[Tags.IssuerOfPatientID, 'ELSEWHERE']] as const;
  await importFiles(house, makeFile(), makeFile({ study: 2 }));
  await importFiles(
    house,
    makeFile({ instance: 2, patientId: 'P9', patientName: 'ROE^RICHARD' }),
    makeFile({ instance: 3, patientId: 'P9', patientName: 'ROE^RICHARD' }),
    makeFile({ instance: 4, texts: issuer }),
  );
  const shown = await services.studyShow(callOf(), { studyInstanceUid: '1.2.3.1' });
  assert.equal(shown.study.mismatchedInstances, 3);
  assert.deepEqual(shown.patientMismatches, [
    { patientId: 'P9', issuerOfPatientId: '', patientName: 'ROE^RICHARD', instances: 2 },
    { patientId: 'P1', issuerOfPatientId: 'ELSEWHERE', patientName: 'DOE^JANE', instances: 1 },
  ]);
  assert.deepEqual((await services.studyShow(callOf(), { studyInstanceUid: '1.2.3.2' })).patientMismatches, []);
  const { studies } = await services.studyList(callOf(), { ...all, mismatched: true });
  assert.deepEqual(
    studies.map(({ studyInstanceUid, mismatchedInstances }) => [studyInstanceUid, mismatchedInstances]),
    [['1.2.3.1', 3]],
  );
});

test('a study that is not here cannot be released, nor one to a device that is not enrolled', async () => {
  await using house = await openHouse();
  const release = { studyInstanceUid: '1.2.3.1', device: 'PARTNER', until: '2099-01-01', reason: 'second opinion' };
  await assert.rejects(house.services.studyRelease(callOf(), release), refusal('NOT_FOUND', /no study/));
  await importFiles(house, makeFile());
  await assert.rejects(house.services.studyRelease(callOf(), release), refusal('NOT_FOUND', /no device PARTNER/));
});

test('a study is released to an exchange partner, which changes rights and is recorded as that', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile());
  const { policy } = house.installation;
  const name = parseAeTitle('PARTNER', 'AE title');
  policy.addDevice({ name, purpose: 'exchange', reason: 'r', owner: 'root', createdAtMs: 0 });
  const release = { studyInstanceUid: '1.2.3.1', device: name, until: '2099-01-01' };
  const released = await house.services.studyRelease(callOf('study release'), { ...release, reason: 'second opinion' });
  assert.deepEqual(released, release);
  assert.deepEqual(
    policy.releasesTo(name).map(({ studyInstanceUid, owner }) => [studyInstanceUid, owner]),
    [['1.2.3.1', 'ada']],
  );
  const last = (await records(house)).at(-1);
  assert.deepEqual([last?.event, last?.type], ['110113', '110129']);
});

test('a study tells to whom it was released, also when that is over', async () => {
  await using house = await openHouse();
  await importFiles(house, makeFile(), makeFile({ study: 2 }));
  const { policy } = house.installation;
  const partner = parseAeTitle('PARTNER', 'AE title');
  policy.addDevice({ name: partner, purpose: 'exchange', reason: 'r', owner: 'root', createdAtMs: 0 });
  const given = { studyInstanceUid: '1.2.3.1', until: '2099-01-01', reason: 'second opinion' };
  const releases = async () => (await house.services.studyShow(callOf(), given)).releases;
  assert.deepEqual(await releases(), []);
  const before = Date.now();
  await house.services.studyRelease(callOf('study release'), { ...given, device: 'PARTNER' });
  policy.addRelease({
    device: partner,
    studyInstanceUid: uidIn('1.2.3.1'),
    reason: 'referral',
    owner: 'root',
    createdAtMs: 1000,
    validUntilMs: 2000,
  });
  const [first, second] = await releases();
  assert.ok(first !== undefined && Date.parse(first.releasedAt) >= before);
  const until = Temporal.PlainDate.from('2099-01-02').toZonedDateTime(Temporal.Now.timeZoneId()).epochMilliseconds;
  assert.deepEqual(
    { ...first, releasedAt: '' },
    {
      device: 'PARTNER',
      by: 'ada',
      reason: 'second opinion',
      releasedAt: '',
      until: new Date(until).toISOString(),
      state: 'released',
    },
  );
  assert.deepEqual([second?.by, second?.reason, second?.state], ['root', 'referral', 'ended']);
  const [release] = policy.releasesTo(partner);
  assert.ok(release);
  policy.withdrawRelease(release, Date.now());
  assert.equal((await releases())[0]?.state, 'withdrawn');
});

test('verify reads everything, before and after the index was made anew', async () => {
  await using house = await openHouse();
  const files = [makeFile(), makeFile({ instance: 2, pixels: 200_000 }), makeFile({ study: 2 })];
  await importFiles(house, ...files);
  const report = await house.services.verify(callOf('verify'), {});
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  assert.deepEqual(report, { intact: true, instances: 3, bytes, problems: [], problemCount: 0 });
  const rebuilt = await house.services.indexRebuild(callOf('index rebuild'), {});
  assert.deepEqual(rebuilt, { instances: 3, studies: 2, skipped: 0 });
  assert.equal((await house.services.verify(callOf('verify'), {})).intact, true);
  assert.equal((await house.services.studyList(callOf(), all)).studies.length, 2);
});

test('verify lists so many problems and counts all of them', async () => {
  await using house = await openHouse();
  house.installation.archive.index.database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
    INSERT INTO patient (identity, patient_id, issuer, name, name_ideographic, name_phonetic, birth_date, sex, head)
    SELECT 'stray' || i, '', '', '', '', '', '', '', x'' FROM n`);
  const { intact, problems, problemCount } = await house.services.verify(callOf('verify'), {});
  assert.deepEqual(
    { intact, listed: problems.length, problemCount },
    { intact: false, listed: 1000, problemCount: 1001 },
  );
});
