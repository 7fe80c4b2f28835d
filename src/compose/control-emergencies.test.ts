import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { schemaProblems } from '../ledger/audit-schema.test-support.ts';
import { createLog } from '../log.ts';
import { openHouse, callOf, importFiles, makeFile, records, refusal, type TestHouse } from './compose.test-support.ts';
import { emergencyServices } from './control-emergencies.ts';
import { emergencyPatient } from './emergency-patient.ts';
import { watchEmergencies } from './emergency-watch.ts';
import { warningsOf } from './control-status.ts';
import { archiveTotals } from './archive-facts.ts';
import { showQuery } from './study-queries.ts';
import { type Staff, staffOf } from './signed-in.test-support.ts';
import { knownUid } from '../dicom/uid.ts';
import type { GuardSession } from '../guard/session.ts';

const paul = 'paul@hospital.example';
const reason = 'polytrauma in the shock room';
const named = { patientId: 'P1', birthDate: '1961-04-30' };

const cardiology = (facts: { study: number; texts?: Parameters<typeof makeFile>[0] }) =>
  makeFile({
    study: facts.study,
    texts: [
      [Tags.InstitutionalDepartmentName, 'Cardiology'],
      [Tags.PatientBirthDate, '19610430'],
    ],
  });

/** Two patients of cardiology; Paul is a physician of neurology, signed in just now. */
async function openWard(house: TestHouse, staff: Staff) {
  await importFiles(house, cardiology({ study: 1 }), cardiology({ study: 2 }));
  const secret = await staff.signIn(paul, 'physician');
  await staff.accounts.accountOpen(callOf('account open'), {
    email: paul,
    allow: ['find', 'get', 'store'],
    scope: { departments: ['Neurology'] },
    addresses: [],
    until: '2099-01-01',
    reason: 'neurology',
  });
  const lines: string[] = [];
  const log = createLog({ level: 'debug', format: 'json', write: (line) => void lines.push(line) });
  const services = emergencyServices(house.installation, { log });
  const watch = watchEmergencies(house.installation, { log });
  return { secret, services, watch, lines };
}

async function seen({ installation }: TestHouse, session: GuardSession): Promise<readonly string[]> {
  const found: string[] = [];
  for (const study of [1, 2]) {
    const query = showQuery(knownUid(`1.2.3.${study}`));
    await using admission = await session.admit({ kind: 'find', query });
    for await (const answer of installation.archive.find(admission.pass)) found.push(answer.text(Tags.PatientID) ?? '');
    admission.succeeded();
  }
  return found;
}

async function types(house: TestHouse): Promise<readonly string[]> {
  return (await records(house)).map(({ event, type, outcome }) => `${event}/${type ?? ''} ${outcome}`);
}

test('a physician of another department opens one patient, is alerted about at once, ends it, and is reviewed', async () => {
  await using house = await openHouse();
  using staff = staffOf(house);
  const ward = await openWard(house, staff);
  const { secret, services } = ward;
  await using watch = ward.watch;
  const session = await staff.session(secret);
  assert.deepEqual(await seen(house, session), []);

  const opened = await services.emergencyOpen(await staff.call(secret, 'emergency open'), { ...named, reason });
  assert.equal(opened.open?.patientId, 'P1');
  assert.deepEqual(await seen(house, session), ['P1'], 'that patient and nobody else');
  const started = (await records(house)).findLast(({ type }) => type === '110127');
  assert.deepEqual([started?.event, started?.outcome, started?.patientIds], ['110113', 0, ['P1']]);
  assert.equal(started?.principal, `person ${paul}`);
  assert.match(started?.xml ?? '', new RegExp(reason));
  const totals = await archiveTotals(house.installation.archive);
  const warnings = async () => (await warningsOf(house.installation, { doors: [], totals })).join('\n');
  assert.match(await warnings(), /1 emergency access is open now/);

  const own = await services.emergencyEnd(await staff.call(secret, 'emergency end'), {});
  assert.equal(own.open, undefined);
  assert.deepEqual(await seen(house, session), []);
  await watch.settle();
  assert.ok((await types(house)).includes('110113/110138 0'));
  assert.match(await warnings(), /1 emergency access waits for the review of a second person: /);

  const { emergencies } = await services.emergencyList(callOf('emergency list'), { all: false, rows: 10 });
  const [one] = emergencies;
  assert.ok(one);
  assert.deepEqual(
    [one.email, one.patientId, one.state, one.reason, one.ended?.how],
    [paul, 'P1', 'to-review', reason, 'ended by the person'],
  );
  const { uses } = await services.emergencyShow(callOf('emergency show'), { number: one.number });
  assert.ok(
    uses.some(({ event }) => event.startsWith('110112')),
    'what was done meanwhile is told',
  );

  const officer = await staff.signIn('sina@hospital.example', 'security-officer');
  const verdict = { number: one.number, verdict: 'unjustified', words: 'never in the house' } as const;
  const reviewed = await services.emergencyReview(await staff.call(officer, 'emergency review'), verdict);
  assert.deepEqual([reviewed.state, reviewed.review?.by], ['reviewed', 'sina@hospital.example']);
  const last = (await records(house)).findLast(({ reason: words }) => words?.includes('never in the house'));
  assert.deepEqual([last?.principal, last?.outcome, last?.patientIds], ['person sina@hospital.example', 4, ['P1']]);
  assert.doesNotMatch(await warnings(), /emergency/);
  assert.deepEqual((await services.emergencyList(callOf('emergency list'), { all: false, rows: 10 })).emergencies, []);

  for (const record of await records(house)) assert.deepEqual(schemaProblems(record.xml), []);
  assert.doesNotMatch(ward.lines.join('\n'), /P1|DOE|paul|polytrauma/, 'no patient and no reason in the log');
  const openings = await staff.accounts.accountOpenings(callOf('account openings'), { email: paul });
  assert.doesNotMatch(JSON.stringify(openings), /P1/, 'who manages accounts learns of no patient');
});

test('who guesses is told the same whatever was wrong, and no more after a few tries', async () => {
  await using house = await openHouse();
  using staff = staffOf(house);
  const { secret, services, watch } = await openWard(house, staff);
  await using _closing = watch;
  const wrong = [
    { patientId: 'P9', birthDate: '1961-04-30' },
    { patientId: 'P1', birthDate: '1961-05-30' },
    { patientId: 'P1', familyName: 'Doe^J' },
    { patientId: 'P1', familyName: 'D*' },
    { patientId: 'P1', familyName: 'Doe', birthDate: '1900-01-01' },
    { patientId: 'P1', familyName: 'Doe', issuer: 'ELSEWHERE' },
    { patientId: 'P_', familyName: 'Doe' },
    { patientId: 'p1', familyName: 'Doe' },
    { patientId: 'P1^', familyName: 'Doe' },
    { patientId: '%', familyName: 'Doe' },
  ];
  const told = new Set<string>();
  for (const given of wrong) {
    const call = await staff.call(secret, 'emergency open');
    await services.emergencyOpen(call, { ...given, reason }).then(
      () => assert.fail(JSON.stringify(given)),
      (error: unknown) => told.add(String(error)),
    );
  }
  assert.equal(told.size, 1, [...told].join());
  await assert.rejects(
    services.emergencyOpen(await staff.call(secret, 'emergency open'), { ...named, reason }),
    refusal('NOT_AUTHORIZED', /as often as one person may/),
  );
  assert.ok(!(await types(house)).some((type) => type.startsWith('110113/110127')), 'nothing was opened');
  assert.ok(
    (await types(house)).filter((type) => type === '110113/110132 8').length >= wrong.length,
    'each is recorded',
  );
});

test('what cannot be recorded is not opened, and an operator at the machine opens none', async () => {
  await using house = await openHouse();
  using staff = staffOf(house);
  const { secret, services, watch } = await openWard(house, staff);
  await using _closing = watch;
  await assert.rejects(
    services.emergencyOpen(callOf('emergency open'), { ...named, reason }),
    refusal('NOT_AUTHORIZED', /signed in with two factors/),
  );
  const call = await staff.call(secret, 'emergency open');
  const { ledger, policy } = house.installation;
  const record = ledger.record.bind(ledger);
  ledger.record = (input) =>
    input.event.event.types?.[0]?.code === '110127' ? Promise.reject(new Error('disk full')) : record(input);
  await assert.rejects(
    services.emergencyOpen(call, { ...named, reason }),
    refusal('LEDGER_UNAVAILABLE', /could not be recorded/),
  );
  assert.deepEqual(policy.emergencies.newest(10), []);
  ledger.record = record;
});

test('an emergency whose session ends is stopped for good, and that is recorded once', async () => {
  await using house = await openHouse();
  using staff = staffOf(house);
  const { secret, services, watch } = await openWard(house, staff);
  await using _closing = watch;
  await services.emergencyOpen(await staff.call(secret, 'emergency open'), { ...named, reason, minutes: 30 });
  staff.people.signIn.signOut(secret);
  await watch.settle();
  await watch.settle();
  const stops = (await records(house)).filter(({ type }) => type === '110138');
  assert.deepEqual(
    stops.map(({ reason: words }) => words),
    [`emergency access by ${paul} ended: its session ended`],
  );
  assert.ok(house.installation.policy.personOpenings.of(paul).every(({ emergency, closed }) => !emergency || closed));
});

test('an emergency that somebody else closes says who it was', async () => {
  await using house = await openHouse();
  using staff = staffOf(house);
  const { secret, services, watch } = await openWard(house, staff);
  await using _closing = watch;
  await services.emergencyOpen(await staff.call(secret, 'emergency open'), { ...named, reason });
  await staff.accounts.accountClose(callOf('account close'), { email: paul, reason: 'wrong patient' });
  await watch.settle();
  const stop = (await records(house)).findLast(({ type }) => type === '110138');
  assert.match(stop?.reason ?? '', /ended: closed by ada: wrong patient$/);
});

test('a patient is meant by the ID with birth date or family name, in any writing of the name, of one issuer', async () => {
  await using house = await openHouse();
  const of = (study: number, patientName: string, issuer: string) =>
    makeFile({
      study,
      patientId: 'X7',
      patientName,
      texts: [
        [Tags.IssuerOfPatientID, issuer],
        [Tags.PatientBirthDate, '19700101'],
      ],
    });
  await importFiles(house, of(1, 'Yamada^Tarou=山田^太郎=やまだ^たろう', 'NORTH'), of(2, 'Müller^Anna', 'SOUTH'));
  const { archive } = house.installation;
  const north = { patientId: 'X7', issuer: 'NORTH' };
  const south = { patientId: 'X7', issuer: 'SOUTH' };
  for (const familyName of ['yamada', ' YAMADA ', '山田', 'やまだ']) {
    assert.deepEqual(emergencyPatient(archive, { patientId: 'X7', familyName }), north, familyName);
  }
  assert.deepEqual(emergencyPatient(archive, { patientId: 'X7', familyName: 'MÜLLER' }), south);
  const birthDate = '1970-01-01';
  assert.throws(() => emergencyPatient(archive, { patientId: 'X7', birthDate }), refusal('CONFLICT', /its issuer/));
  assert.deepEqual(emergencyPatient(archive, { patientId: 'X7', birthDate, issuer: 'SOUTH' }), south);
  for (const familyName of ['', '^', '  ']) {
    assert.throws(() => emergencyPatient(archive, { patientId: 'X7', familyName }), { code: 'BAD_REQUEST' });
  }
});
