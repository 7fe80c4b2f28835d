import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { toXml } from '../ledger/audit-message.ts';
import { schemaProblems } from '../ledger/audit-schema.test-support.ts';
import { quietLog } from '../log.ts';
import { SoftAuthenticator } from '../people/authenticator.test-support.ts';
import { eventCodes, type PeopleEventKind } from '../people/events.ts';
import type { People } from '../people/people.ts';
import { challengeOf, client, fakeJudge } from '../people/people.test-support.ts';
import { callOf, codesSince, openHouse, records, refusal, type TestHouse } from './compose.test-support.ts';
import { accountServices } from './control-accounts.ts';
import { openPeople, relyingParty } from './people.ts';
import { peopleRecord } from './people-records.ts';

const email = 'ada@hospital.example';
const consoleUrl = 'https://localhost:8443';

function servicesOf(house: TestHouse) {
  const people = openPeople(house.installation, { judge: fakeJudge, log: quietLog, consolePort: () => 8443 });
  const services = accountServices({ installation: house.installation, people, consoleUrl: () => consoleUrl });
  return { people, services };
}

async function enrol(people: People, link: string): Promise<SoftAuthenticator> {
  const authenticator = new SoftAuthenticator();
  const opened = await people.enrolment.open(link.slice(link.indexOf('#') + 1), client);
  const answer = authenticator.register({
    challenge: challengeOf(opened.passkey),
    origin: consoleUrl,
    rpId: 'localhost',
  });
  await people.enrolment.passkey(opened.ceremony, { answer, name: 'Key' }, client);
  return authenticator;
}

async function signIn(people: People, authenticator: SoftAuthenticator): Promise<string> {
  const begun = await people.signIn.begin(client);
  const challenge = challengeOf(begun.passkey);
  const answer = authenticator.authenticate({ challenge, origin: consoleUrl, rpId: 'localhost' });
  return (await people.signIn.passkey(begun.ceremony, answer, client)).session;
}

test('an account is invited, enrolled, signed in, shown and disabled, and the ledger has all of it', async () => {
  await using house = await openHouse();
  const { people, services } = servicesOf(house);
  using _closing = people;
  const before = (await records(house)).at(-1)?.seq ?? 0;
  const invited = await services.accountInvite(callOf('account invite'), {
    email: 'Ada@Hospital.example',
    name: 'Ada Berg',
    role: 'physician',
    until: '2099-12-31',
  });
  assert.match(invited.link, /^https:\/\/localhost:8443\/enrol#lgi_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(
    [invited.account.email, invited.account.state, invited.needsConfirmation],
    [email, 'invited', false],
  );
  const session = await signIn(people, await enrol(people, invited.link));
  const shown = await services.accountShow(callOf('account show'), { email });
  assert.deepEqual(shown.factors, ['passkey']);
  assert.equal(shown.sessions.length, 1);
  assert.deepEqual(
    (await services.accountSessions(callOf('account sessions'), { email })).map(({ address }) => address),
    [client.address],
  );
  const disabled = await services.accountDisable(callOf('account disable'), { email, reason: 'left' });
  assert.equal(disabled.sessionsEnded, 1);
  assert.throws(() => people.sessions.use(session), { reason: 'session-unknown' });
  const [account] = await services.accountList(callOf('account list'), {});
  assert.deepEqual([account?.state, account?.disabled?.reason], ['disabled', 'left']);
  const all = (await records(house)).filter(({ seq }) => seq > before);
  for (const record of all) assert.deepEqual(schemaProblems(record.xml), []);
  const text = JSON.stringify(all);
  assert.ok(!text.includes(session) && !text.includes(invited.link.slice(-43)), 'no secret in the ledger');
  const codes = await codesSince(house, before);
  for (const code of ['110113 0', '110114 0']) assert.ok(codes.includes(code), code);
  assert.ok(all.some(({ principal, xml }) => principal === `person ${email}` && xml.includes('signed in; by passkey')));
});

test('a mistake is told in words; another link makes the former one void', async () => {
  await using house = await openHouse();
  const { people, services } = servicesOf(house);
  using _closing = people;
  const invite = (address: string) => services.accountInvite(callOf(), { email: address, role: 'researcher' });
  await assert.rejects(invite('no address'), refusal('BAD_REQUEST', /expected name@hospital.example/));
  const first = await invite(email);
  const second = await invite(email);
  await assert.rejects(enrol(people, first.link), { reason: 'invitation-unknown' });
  await enrol(people, second.link);
  await assert.rejects(invite(email), refusal('CONFLICT', /account reset ada@hospital\.example/));
  const missing = services.accountDisable(callOf(), { email: 'bo@hospital.example', reason: 'x' });
  await assert.rejects(missing, refusal('NOT_FOUND', /bo@hospital.example/));
});

test('an operator cannot confirm what an operator made', async () => {
  await using house = await openHouse();
  const { people, services } = servicesOf(house);
  using _closing = people;
  await enrol(people, (await services.accountInvite(callOf(), { email, role: 'physician' })).link);
  const admin = 'admin@hospital.example';
  await enrol(people, (await services.accountInvite(callOf(), { email: admin, role: 'administrator' })).link);
  const reset = await services.accountReset(callOf('account reset'), { email, reason: 'telephone lost' });
  assert.equal(reset.needsConfirmation, true);
  await assert.rejects(
    services.accountConfirm(callOf('account confirm'), { email }),
    refusal('NOT_AUTHORIZED', /second person.*security officer/),
  );
  const { account } = people.admin.show(admin);
  await people.links.confirm(email, { kind: 'account', accountId: account.id, email: admin });
  await enrol(people, reset.link);
});

test('a passkey is tied to a workstation that is one, and to nothing else', async () => {
  await using house = await openHouse();
  const { people, services } = servicesOf(house);
  using _closing = people;
  await enrol(people, (await services.accountInvite(callOf(), { email, role: 'physician' })).link);
  const { policy } = house.installation;
  const device = { reason: 'r', owner: 'root', createdAtMs: Date.now() };
  policy.addDevice({ ...device, name: parseAeTitle('ROOM1', 'device'), purpose: 'workstation-reading' });
  policy.addDevice({ ...device, name: parseAeTitle('CT1', 'device'), purpose: 'acquisition' });
  policy.addDevice({ ...device, name: parseAeTitle('GONE1', 'device'), purpose: 'workstation-reading' });
  policy.revokeDevice(parseAeTitle('GONE1', 'device'), { atMs: Date.now(), by: 'root', reason: 'r' });
  const given = { email, passkey: 'Key', reason: 'registered in my presence' };
  for (const workstation of ['CT1', 'GONE1', 'NONE']) {
    const tying = services.accountTie(callOf('account tie'), { ...given, workstation });
    await assert.rejects(tying, refusal('NOT_FOUND', /There is no workstation/));
  }
  await services.accountTie(callOf('account tie'), { ...given, workstation: 'ROOM1' });
  const tied = (await services.accountShow(callOf(), { email })).passkeys;
  assert.deepEqual(tied, [{ name: 'Key', suspended: false, workstation: 'ROOM1' }]);
  await services.accountTie(callOf('account tie'), given);
  assert.deepEqual((await services.accountShow(callOf(), { email })).passkeys, [{ name: 'Key', suspended: false }]);
});

test('the first administrator says who they are, and then there is no such link any more', async () => {
  await using house = await openHouse();
  const { people } = servicesOf(house);
  using _closing = people;
  const first = await people.admin.firstAdministrator();
  const second = await people.admin.firstAdministrator();
  await assert.rejects(people.enrolment.open(first?.secret ?? '', client), { reason: 'invitation-unknown' });
  const { ceremony, passkey } = await people.enrolment.open(second?.secret ?? '', client);
  const authenticator = new SoftAuthenticator();
  const register = (challenge: string) => authenticator.register({ challenge, origin: consoleUrl, rpId: 'localhost' });
  await assert.rejects(people.enrolment.password(ceremony, 'kettle violin ocean brick'), { reason: 'account-unnamed' });
  const who = { email, displayName: 'Ada Berg' };
  const said = await people.enrolment.sayWho(ceremony, who, client);
  assert.equal(said.account.email, email);
  await assert.rejects(people.enrolment.sayWho(ceremony, { ...who, email: 'bo@x.example' }, client), {
    reason: 'ceremony-unknown',
  });
  assert.notEqual(challengeOf(said.passkey), challengeOf(passkey));
  await people.enrolment.passkey(ceremony, { answer: register(challengeOf(said.passkey)), name: 'Key' }, client);
  assert.equal(people.admin.show(email).account.role, 'administrator');
  assert.equal(await people.admin.firstAdministrator(), undefined);
});

test('the link of the first start is void once another administrator has enrolled, and not before', async () => {
  await using house = await openHouse();
  const { people, services } = servicesOf(house);
  using _closing = people;
  const invite = (address: string, role: 'physician' | 'administrator') =>
    services.accountInvite(callOf('account invite'), { email: address, role });
  const { secret } = (await people.admin.firstAdministrator()) ?? {};
  await enrol(people, (await invite('doctor@hospital.example', 'physician')).link);
  const { ceremony } = await people.enrolment.open(secret ?? '', client);
  await people.enrolment.sayWho(ceremony, { email, displayName: 'Ada Berg' }, client);
  await enrol(people, (await invite('other@hospital.example', 'administrator')).link);
  await assert.rejects(people.enrolment.open(secret ?? '', client), { reason: 'invitation-unknown' });
  const answer = new SoftAuthenticator().register({ challenge: 'x', origin: consoleUrl, rpId: 'localhost' });
  await assert.rejects(people.enrolment.passkey(ceremony, { answer, name: 'Key' }, client));
  assert.equal(await people.admin.firstAdministrator(), undefined);
});

test('the first administrator without a name is not enrolled', async () => {
  await using house = await openHouse();
  const { people } = servicesOf(house);
  using _closing = people;
  const link = `#${(await people.admin.firstAdministrator())?.secret}`;
  await assert.rejects(enrol(people, link), { reason: 'account-unnamed' });
});

test('the guard knows a session of a person by its secret, and hears when it ends or is stepped up', async () => {
  await using house = await openHouse();
  const { people, services } = servicesOf(house);
  using _closing = people;
  const { persons } = house.installation;
  const invited = await services.accountInvite(callOf('account invite'), { email, role: 'physician' });
  const session = await signIn(people, await enrol(people, invited.link));
  assert.equal(persons.bySecret(session), undefined, 'not before it is connected');
  using _connected = persons.connect(people);
  const heard: string[] = [];
  using _listening = persons.onChange((account) => heard.push(account));
  const known = persons.bySecret(session);
  assert.partialDeepStrictEqual(known, { account: email, role: 'physician' });
  assert.deepEqual(persons.byId(known?.id ?? 0), known);
  assert.equal(persons.bySecret(`${session}x`), undefined);
  const own = people.sessions.byId(known?.id ?? 0);
  assert.ok(own);
  people.sessions.stepUp(own, client);
  assert.equal(persons.bySecret(session), undefined, 'a step-up gives a new secret');
  await services.accountDisable(callOf('account disable'), { email, reason: 'left' });
  assert.equal(persons.byId(known?.id ?? 0), undefined);
  assert.deepEqual(heard, [email, email]);
});

test('passkeys belong to the first host name, never to an address', () => {
  const party = relyingParty(['10.0.0.1', 'pacs.example'], () => 443);
  assert.equal(party.id, 'pacs.example');
  assert.deepEqual(party.origins(), ['https://pacs.example']);
  assert.deepEqual(relyingParty(['::1'], () => 8443).origins(), ['https://localhost:8443']);
});

test('every kind of event, with whatever a browser calls itself, is a valid audit message', () => {
  const kinds = Object.keys(eventCodes).filter((kind): kind is PeopleEventKind => kind in eventCodes);
  const self = { sourceId: 'host', aeTitles: ['LEADGLASS'], processId: '1' };
  const anyText = fc.string({ unit: 'binary', maxLength: 40 });
  fc.assert(
    fc.property(fc.constantFrom(...kinds), anyText, anyText, fc.boolean(), (kind, userAgent, detail, isKnown) => {
      const { event } = peopleRecord(
        {
          kind,
          atMs: 0,
          userAgent,
          detail,
          address: '10.0.0.7',
          reason: 'code-replayed',
          ...(isKnown ? { account: { id: 1, email } } : {}),
        },
        self,
      );
      assert.deepEqual(schemaProblems(toXml(event)), []);
    }),
  );
});
