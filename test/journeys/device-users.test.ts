/**
 * People at DIMSE devices (PS3.7 D.3.3.7): a passcode is made in the console after two factors, typed into a program, and ends with the
 * account; DCMTK speaks types 2 and 5, our own client the rest.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSet } from '../../src/dicom/data-set.ts';
import { SopClasses } from '../../src/dicom/sop-class.ts';
import { TransferSyntaxes } from '../../src/dicom/transfer-syntax.ts';
import { DimseClient } from '../../src/dimse/client.ts';
import { limits } from '../../src/limits.ts';
import type { TestBrowser } from '../support/browser.ts';
import { sopClasses, writeImage } from '../support/dicom-files.ts';
import { type Device, Leadglass } from '../support/leadglass.ts';
import { needs } from '../support/peers.ts';
import { type Person, password, signedIn } from '../support/person.ts';
import { runProgram } from '../support/programs.ts';

let leadglass: Leadglass;
let read1: Device;
let read2: Device;
let ct1: Device;
let ca: Buffer;
let browser: TestBrowser;
let ada: Person;
let made: { readonly passcode: string; readonly token: string; readonly userName: string; readonly id: number };

before(async () => {
  leadglass = await Leadglass.start();
  read1 = await leadglass.enrol('READ1', 'reading');
  read2 = await leadglass.enrol('READ2', 'reading');
  ct1 = await leadglass.enrol('CT1', 'acquisition');
  const image = writeImage(leadglass.path('image'), { study: 'device users' });
  await leadglass.succeed('send', leadglass.address, '--as', ct1.folder, image.path);
  ca = readFileSync(join(ct1.folder, 'ca.pem'));
  ada = await signedIn(leadglass, ca, { email: 'ada@hospital.example', role: 'physician' });
  ({ browser } = ada);
  const answer = await browser.post('own/passcodes/make', { device: 'READ1' });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- NewPasscode, whose form the API documents
  made = answer.body as typeof made;
});
after(async () => {
  await using ending = leadglass;
  await ending.succeed('ledger', 'verify');
  const text = JSON.stringify(await ending.ledger()) + ending.log;
  for (const secret of [made.passcode, made.token, password]) assert.ok(!text.includes(secret));
});

interface Shown {
  readonly type: number;
  readonly first: string;
  readonly second?: string;
}

function connect(device: Device, shown: Shown | undefined): Promise<DimseClient> {
  const of = (name: string): string => readFileSync(join(device.folder, name), 'utf8');
  return DimseClient.connect({
    host: 'localhost',
    port: leadglass.port,
    callingAeTitle: device.aeTitle,
    calledAeTitle: 'LEADGLASS',
    tls: {
      identity: { key: of('key.pem'), cert: of('cert.pem') },
      server: { by: 'name', name: 'localhost', ca: [of('ca.pem')] },
    },
    contexts: [SopClasses.Verification, SopClasses.StudyRootQueryRetrieveInformationModelFind].map(
      (abstractSyntax) => ({
        abstractSyntax,
        transferSyntaxes: [TransferSyntaxes.ImplicitVrLittleEndian],
      }),
    ),
    ...(shown === undefined
      ? {}
      : {
          userIdentity: {
            type: shown.type,
            positiveResponseRequested: true,
            primaryField: Buffer.from(shown.first),
            secondaryField: Buffer.from(shown.second ?? ''),
          },
        }),
    limits,
    dimseLimits: { ...limits.dimse, identifier: limits.identifier },
  });
}

async function studiesFound(client: DimseClient): Promise<number> {
  const asked = new DataSet().setText(0x00080052, 'CS', 'STUDY').setText(0x0020000d, 'UI', '');
  const found = await Array.fromAsync(
    client.find(SopClasses.StudyRootQueryRetrieveInformationModelFind, asked, { answersMax: 10 }),
  );
  return found.length;
}

const byPasscode = (): Shown => ({ type: 2, first: made.userName, second: made.passcode });
const byToken = (): Shown => ({ type: 5, first: made.token });

test('a physician finds at the device by passcode and by token; the record has the person and the device', async () => {
  for (const shown of [byPasscode(), byToken()]) {
    const client = await connect(read1, shown);
    assert.equal(client.association.accept.userInformation.userIdentityResponse?.length, 0, 'positive response');
    assert.equal(await studiesFound(client), 1);
    await client.release();
  }
  const rows = await leadglass.ledger('--who', ada.email);
  assert.ok(rows.some(({ who, event }) => who === `person ${ada.email} at READ1` && event.startsWith('110112')));
});

test('the same passcode at another device, a wrong one, the password, types 3 and 4: rejected and recorded', async () => {
  const wrong: readonly (readonly [string, Device, Shown])[] = [
    ['another device', read2, byPasscode()],
    ['another device, token', read2, byToken()],
    ['a device that only sends', ct1, byPasscode()],
    ['the password', read1, { ...byPasscode(), second: password }],
    ['a guess', read1, { ...byPasscode(), second: `lgp_${'A'.repeat(43)}` }],
    ['somebody else', read1, { ...byPasscode(), first: 'eve@hospital.example' }],
    ['no token', read1, { type: 5, first: `${made.token}x` }],
    ['Kerberos', read1, { type: 3, first: made.token }],
    ['SAML', read1, { type: 4, first: made.token }],
  ];
  for (const [name, device, shown] of wrong) {
    await assert.rejects(connect(device, shown), /reject/i, name);
  }
  const rows = await leadglass.ledger('--who', ada.email);
  assert.ok(
    rows.some(({ reason }) => reason === 'user-identity'),
    'with the name of the account',
  );
  assert.ok((await leadglass.ledger()).some(({ reason }) => reason === 'user-identity-kind'));
});

test('storescu says by -usr and -pwd, and by --jwt, who stores', needs('storescu'), async () => {
  const report = writeImage(leadglass.path('report'), {
    study: 'device users',
    sopClass: sopClasses.report,
    modality: 'SR',
  });
  const image = writeImage(leadglass.path('other'), { study: 'other' });
  const titles = ['-aet', 'READ1', '-aec', 'LEADGLASS', ...read1.dcmtkTls];
  const where = ['localhost', String(leadglass.port)];
  const jwt = leadglass.path('jwt');
  writeFileSync(jwt, made.token);
  for (const identity of [
    ['-usr', made.userName, '-pwd', made.passcode, '-rsp'],
    ['--jwt', jwt, '-rsp'],
  ]) {
    const stored = await runProgram('storescu', ['-v', ...titles, ...identity, ...where, report.path]);
    assert.equal(stored.status, 0, stored.output);
    const refused = await runProgram('storescu', [...titles, ...identity, ...where, image.path]);
    assert.notEqual(refused.status, 0, 'a reading station takes evidence alone, whoever sits at it');
  }
  const guessed = ['-usr', made.userName, '-pwd', 'guessed'];
  const rejected = await runProgram('storescu', [...titles, ...guessed, ...where, report.path]);
  assert.match(rejected.output, /Association Rejected/);
});

test('a passcode that its owner ends cuts the association; disabling the account cuts what is left', async () => {
  const client = await connect(read1, byPasscode());
  const withoutPerson = await connect(read1, undefined);
  assert.equal(await studiesFound(client), 1);
  const own = await browser.get('/api/own/passcodes');
  assert.deepEqual(
    Object.values(own.body).map((one) => [Object(one).id, Object(one).device]),
    [[made.id, 'READ1']],
  );
  assert.equal((await browser.post('own/passcodes/end', { id: made.id })).status, 204);
  await Promise.race([client.ended, sleep(5000).then(() => assert.fail('the association goes on'))]);
  await assert.rejects(connect(read1, byPasscode()), /reject/i, 'a replay of what was ended');
  await assert.rejects(connect(read1, byToken()), /reject/i);

  const again = await browser.post('own/passcodes/make', { device: 'READ1' });
  const shown = { type: 2, first: ada.email, second: String(again.body['passcode']) };
  const running = await connect(read1, shown);
  await leadglass.succeed('account', 'disable', ada.email, '--reason', 'left the hospital');
  await Promise.race([running.ended, sleep(5000).then(() => assert.fail('the association goes on'))]);
  await assert.rejects(connect(read1, shown), /reject/i);
  assert.equal(await studiesFound(withoutPerson), 1, 'the device itself goes on');
  await withoutPerson.release();
});

test('who sees no images, and who names no device, gets no passcode', async () => {
  const eve = await signedIn(leadglass, ca, { email: 'eve@hospital.example', role: 'administrator' });
  assert.equal((await eve.browser.post('own/passcodes/make', { device: 'READ1' })).status, 409);
  const bob = await signedIn(leadglass, ca, { email: 'bob@hospital.example', role: 'technologist' });
  assert.equal((await bob.browser.post('own/passcodes/make', { device: 'NOBODY' })).status, 404);
});
