import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as v from 'valibot';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { callSchemas } from '../doors/control/control-calls.ts';
import type { Call } from '../doors/control/control-services.ts';
import { limits } from '../limits.ts';
import { quietLog } from '../log.ts';
import type { Role } from '../people/account.ts';
import { SoftAuthenticator } from '../people/authenticator.test-support.ts';
import { challengeOf, client, fakeJudge } from '../people/people.test-support.ts';
import { callOf, openHouse, records, refusal } from './compose.test-support.ts';
import { accountServices } from './control-accounts.ts';
import { confirmationServices } from './control-confirmations.ts';
import { deviceServices } from './control-devices.ts';
import { openPeople } from './people.ts';

const aeTitle = parseAeTitle('CT9', 'AE title');
const day = (days: number): string => Temporal.Now.plainDateISO().add({ days }).toString();

async function office() {
  const house = await openHouse();
  const { installation } = house;
  const people = openPeople(installation, { judge: fakeJudge, log: quietLog, consolePort: () => 8443 });
  const connected = installation.persons.connect(people);
  const arrangePlainDoors = async (): Promise<void> => {};
  const services = {
    ...accountServices({ installation, people, consoleUrl: () => 'https://localhost:8443' }),
    ...confirmationServices({ installation, people, arrangePlainDoors }),
    ...deviceServices({
      installation,
      arrangePlainDoors,
      server: () => ({ host: 'localhost', tlsPort: 2762, webBaseUrl: 'https://localhost:8443/dicom-web' }),
      isSecondThere: (by) => people.secondPerson.isThere({ by: `person ${by}` }),
    }),
  };
  /** Invited, enrolled and signed in; the command is then given in this person's session. */
  const person = async (email: string, role: Role): Promise<(command: string) => Call> => {
    const { link } = await services.accountInvite(callOf('account invite'), { email, role });
    const authenticator = new SoftAuthenticator();
    const party = { origin: 'https://localhost:8443', rpId: 'localhost' };
    const opened = await people.enrolment.open(link.slice(link.indexOf('#') + 1), client);
    const answer = authenticator.register({ challenge: challengeOf(opened.passkey), ...party });
    await people.enrolment.passkey(opened.ceremony, { answer, name: 'Key' }, client);
    const begun = await people.signIn.begin(client);
    const signed = authenticator.authenticate({ challenge: challengeOf(begun.passkey), ...party });
    const { session: secret } = await people.signIn.passkey(begun.ceremony, signed, client);
    const facts = { door: 'web', calledAeTitle: '', callingAeTitle: '', session: secret } as const;
    const principal = await installation.guard.identify({ ...facts, address: client.address });
    const session = installation.guard.session(principal);
    return (command) => ({ ...callOf(command), caller: { session } });
  };
  return {
    ...{ house, installation, people, services, person },
    async [Symbol.asyncDispose]() {
      connected[Symbol.dispose]();
      people[Symbol.dispose]();
      await house[Symbol.asyncDispose]();
    },
  };
}

function addition(extra: object = {}) {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return v.parse(callSchemas.deviceAdd, {
    ...{ aeTitle, purpose: 'archive', reason: 'Archive of the ward', until: day(30), doors: ['dimse', 'web'] },
    credential: { kind: 'public-key', pem: publicKey.export({ type: 'spki', format: 'pem' }) },
    ...extra,
  });
}

test('a device that an administrator adds is nobody before a second person has confirmed it', async () => {
  await using place = await office();
  const { services, installation, house } = place;
  const eve = await place.person('eve@hospital.example', 'administrator');
  const olga = await place.person('olga@hospital.example', 'security-officer');
  const paul = await place.person('paul@hospital.example', 'physician');
  const added = await services.deviceAdd(eve('device add'), addition());
  assert.equal(added.opening.state, 'waiting');
  assert.equal(added.waiting?.operatorOnly, false);
  assert.equal(installation.policy.device(aeTitle), undefined, 'the policy knows nothing of it');
  assert.deepEqual(installation.policy.openings(), []);
  assert.ok(added.certificatePem);
  const fingerprint = new X509Certificate(added.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase();
  assert.deepEqual(installation.policy.certificatesByFingerprint(fingerprint), [], 'its certificate stands for nobody');

  const { number } = added.waiting;
  const give = (as: typeof eve) => services.confirmationGive(as('confirmation give'), { number });
  await assert.rejects(give(eve), refusal('NOT_AUTHORIZED', /second person/));
  await assert.rejects(give(paul), refusal('NOT_AUTHORIZED', /./));
  const [listed] = (await services.confirmationList(olga('confirmation list'), {})).changes;
  assert.deepEqual([listed?.askedBy, listed?.reason], ['eve@hospital.example', 'Archive of the ward']);
  assert.match(listed?.summary ?? '', /add CT9, opening CT9: archive, .*get.* at dimse-tls, web from any address/);
  await give(olga);
  assert.equal(installation.policy.openingByName('CT9')?.owner, 'eve@hospital.example');
  assert.equal(installation.policy.certificatesByFingerprint(fingerprint)[0]?.device, aeTitle);
  await assert.rejects(give(olga), refusal('CONFLICT', /confirmed already/));
  const words = Buffer.from('change 1 of eve@hospital.example: add CT9').toString('base64').slice(0, -4);
  const told = (await records(house)).filter(({ xml }) => xml.includes(words));
  const by = told.map(({ principal, outcome }) => `${principal} ${outcome}`);
  for (const line of ['person eve@hospital.example 8', 'person olga@hospital.example 0']) {
    assert.ok(by.includes(line), `the ledger says who asked for what, who confirmed and who must not: ${line}`);
  }
});

test('another certificate, a later end, a token and a widened opening wait too; closing does not', async () => {
  await using place = await office();
  const { services, installation } = place;
  const { policy } = installation;
  await services.deviceAdd(callOf('device add'), addition());
  const eve = await place.person('eve@hospital.example', 'administrator');
  const { credential } = addition();
  const renewed = await services.deviceRenew(
    eve('device renew'),
    v.parse(callSchemas.deviceRenew, { aeTitle, until: day(60), credential }),
  );
  const token = await services.deviceToken(eve('device token'), { aeTitle, reason: 'curious' });
  const { openings } = await services.openingExport(eve('opening export'), {});
  const wider = { openings: openings.map((opening) => ({ ...opening, purpose: 'archive', operations: ['find'] })) };
  const given = v.parse(callSchemas.openingApply, wider);
  const plan = await services.openingApply(eve('opening apply'), given);
  const applied = await services.openingApply(eve('opening apply'), { ...given, planned: plan.digest });
  assert.equal(applied.applied, false);
  for (const { waiting } of [renewed, token, applied]) {
    assert.equal(waiting?.operatorOnly, true, 'nobody else has an account: the operator can');
  }
  assert.equal(policy.certificatesOf(aeTitle).length, 1);
  assert.deepEqual(policy.tokensOf(aeTitle), []);
  assert.equal(policy.openings().length, 1);
  const numberOf = (made: { waiting?: { number: number } }): number => made.waiting?.number ?? 0;
  // An operator is the second person to somebody with an account.
  await services.confirmationGive(callOf('confirmation give'), { number: numberOf(token) });
  assert.equal(policy.tokensOf(aeTitle).length, 1);
  await services.confirmationGive(callOf('confirmation give'), { number: numberOf(renewed) });
  assert.equal(policy.certificatesOf(aeTitle).length, 2);
  const stale = services.confirmationGive(callOf('confirmation give'), { number: numberOf(applied) });
  await assert.rejects(stale, refusal('CONFLICT', /changed meanwhile/));
  assert.equal(policy.waiting.byId(numberOf(applied))?.decided, undefined, 'what could not be done goes on waiting');
  const refused = { number: numberOf(applied), reason: 'too wide' };
  await services.confirmationRefuse(eve('confirmation refuse'), refused);
  const nothing = { openings: [] };
  const closing = await services.openingApply(eve('opening apply'), nothing);
  assert.ok((await services.openingApply(eve('opening apply'), { ...nothing, planned: closing.digest })).applied);
});

test('what waits ends with its time, with the account that asked, and with the device that was revoked meanwhile', async (t) => {
  await using place = await office();
  const { services, installation } = place;
  const eve = await place.person('eve@hospital.example', 'administrator');
  const mary = await place.person('mary@hospital.example', 'administrator');
  const give = (number: number | undefined) =>
    services.confirmationGive(callOf('confirmation give'), { number: number ?? 0 });
  await services.deviceAdd(callOf('device add'), addition({ aeTitle: 'CT1' }));
  const longer = v.parse(callSchemas.deviceRenew, { aeTitle: 'CT1', until: day(60) });
  const again = await services.deviceRenew(mary('device renew'), longer);
  await services.deviceRevoke(callOf('device revoke'), { aeTitle: 'CT1', reason: 'stolen' });
  await assert.rejects(give(again.waiting?.number), refusal('CONFLICT', /refused already/));
  const byMary = await services.deviceAdd(mary('device add'), addition({ aeTitle: 'CT2' }));
  await services.accountDisable(callOf('account disable'), { email: 'mary@hospital.example', reason: 'stolen' });
  await assert.rejects(give(byMary.waiting?.number), refusal('CONFLICT', /does not administer any more/));
  const late = await services.deviceAdd(eve('device add'), addition());
  const realNow = Date.now;
  t.after(() => {
    Date.now = realNow;
  });
  Date.now = () => realNow() + limits.waitingChangeMs;
  await assert.rejects(give(late.waiting?.number), refusal('CONFLICT', /waited too long/));
  assert.deepEqual((await services.confirmationList(callOf('confirmation list'), {})).changes, []);
  Date.now = realNow;
  assert.deepEqual(
    installation.policy.devices().map(({ name }) => name),
    ['CT1'],
  );
});

test('ending the tokens of a device ends what waits to become one, too', async () => {
  await using place = await office();
  const { services, installation } = place;
  await services.deviceAdd(callOf('device add'), addition());
  const eve = await place.person('eve@hospital.example', 'administrator');
  const olga = await place.person('olga@hospital.example', 'security-officer');
  const { waiting } = await services.deviceToken(eve('device token'), { aeTitle, reason: 'r' });
  await services.deviceTokenEnd(callOf('device token end'), { aeTitle, reason: 'it was told to a stranger' });
  const late = services.confirmationGive(olga('confirmation give'), { number: waiting?.number ?? 0 });
  await assert.rejects(late, refusal('CONFLICT', /refused already/));
  assert.deepEqual(installation.policy.tokensOf(aeTitle), []);
});

test('a certificate that is good for a server is not signed before anybody has looked', async () => {
  await using place = await office();
  const eve = await place.person('eve@hospital.example', 'administrator');
  const asked = place.services.deviceAdd(eve('device add'), addition({ serverNames: ['pacs.hospital.example'] }));
  await assert.rejects(asked, refusal('NOT_AUTHORIZED', /at the server/));
});
