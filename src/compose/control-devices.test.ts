import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import * as v from 'valibot';
import { parseAeTitle } from '../dicom/ae-title.ts';
import { callSchemas } from '../doors/control/control-calls.ts';
import { callOf, openHouse, records, refusal } from './compose.test-support.ts';
import { deviceServices } from './control-devices.ts';
import { DeviceViews } from './device-views.ts';

const trust = 'ab'.repeat(32);

test('move destinations keep whose certificate is trusted, also through opening export and apply', async () => {
  await using house = await openHouse();
  const services = deviceServices({
    installation: house.installation,
    server: () => ({ host: 'localhost', tlsPort: 2762 }),
    arrangePlainDoors: async () => {},
    isSecondThere: () => true,
  });
  const own = { aeTitle: 'WS2', host: 'ws2.example', port: 2762 };
  const foreign = { aeTitle: 'WS3', host: '10.1.2.3', port: 104, trust };
  const given = v.parse(callSchemas.deviceAdd, {
    aeTitle: 'READ1',
    purpose: 'reading',
    reason: 'test',
    from: Temporal.Now.plainDateISO().toString(),
    until: Temporal.Now.plainDateISO().add({ days: 20 }).toString(),
    credential: { kind: 'plain', risk: 'test' },
    addresses: ['127.0.0.1/32'],
    operations: ['find', 'move'],
    moveDestinations: [own, foreign],
  });
  const { opening } = await services.deviceAdd(callOf(), given);
  assert.deepEqual(opening.moveDestinations, [own, foreign]);
  assert.deepEqual(
    house.installation.policy.openings()[0]?.moveDestinations.map((destination) => destination.trust),
    ['own-authority', trust],
  );
  const { openings } = await services.openingExport(callOf(), {});
  const again = v.parse(callSchemas.openingApply, { openings });
  assert.deepEqual((await services.openingApply(callOf(), again)).changes, []);
  const [terms] = openings;
  assert.ok(terms);
  const changed = { openings: [{ ...terms, moveDestinations: [own, { ...foreign, trust: 'cd'.repeat(32) }] }] };
  const { changes } = await services.openingApply(callOf(), v.parse(callSchemas.openingApply, changed));
  assert.match(changes[0]?.lines.join() ?? '', /moveDestinations: .*abab.* -> .*cdcd.*uses: counted anew/);
  const prolonged = v.parse(callSchemas.openingApply, { openings: [{ ...terms, reason: 'another' }] });
  const prolongation = await services.openingApply(callOf(), prolonged);
  assert.deepEqual(prolongation.changes[0]?.lines, ['reason: "test" -> "another"', 'uses: counted on']);
});

test('a certificate for two AE titles is asked for by name, in the ledger, and seen at both', async () => {
  await using house = await openHouse();
  const { installation } = house;
  const services = deviceServices({
    installation,
    server: () => ({ host: 'localhost', tlsPort: 2762 }),
    arrangePlainDoors: async () => {},
    isSecondThere: () => true,
  });
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { chainPem } = await installation.authority.issueDeviceCertificate({
    aeTitle: parseAeTitle('CT1', 'AE title'),
    notAfter: new Date(Date.now() + 100 * 86_400_000),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
  });
  const until = Temporal.Now.plainDateISO().add({ days: 20 }).toString();
  const add = (aeTitle: string, sharedWith?: string[]) =>
    services.deviceAdd(
      callOf('device add'),
      v.parse(callSchemas.deviceAdd, {
        aeTitle,
        purpose: 'acquisition',
        reason: 'test',
        until,
        credential: { kind: 'certificate', pem: chainPem, ...(sharedWith === undefined ? {} : { sharedWith }) },
      }),
    );
  await add('CT1');
  await assert.rejects(add('CT1QR'), refusal('CONFLICT', /stands for CT1 already/));
  const { device } = await add('CT1QR', ['CT1']);
  assert.deepEqual(device.warnings, ['shares its certificate with CT1: revoking one revokes it for both']);
  const said = Buffer.from('device CT1QR, purpose acquisition, certificate shared with CT1').toString('base64');
  assert.ok((await records(house)).some(({ xml }) => xml.includes(said)));
  const revoked = await services.deviceRevoke(callOf('device revoke'), { aeTitle: 'CT1', reason: 'stolen' });
  assert.deepEqual([revoked.certificatesRevoked, revoked.sharedWith], [1, ['CT1QR']]);
  const { device: left } = await services.deviceShow(callOf(), { aeTitle: 'CT1QR' });
  assert.deepEqual(left.warnings, ['has no valid certificate: "leadglass device renew" makes one']);
});

test('a certificate that ends before its opening is said at once, and where it ends soon', async () => {
  await using house = await openHouse();
  const { installation } = house;
  const services = deviceServices({
    installation,
    server: () => ({ host: 'localhost', tlsPort: 2762 }),
    arrangePlainDoors: async () => {},
    isSecondThere: () => true,
  });
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const request = (aeTitle: string, years: number) =>
    v.parse(callSchemas.deviceAdd, {
      ...{ aeTitle, purpose: 'acquisition', reason: 'test', credential: { kind: 'public-key', pem } },
      until: Temporal.Now.plainDateISO().add({ years }).toString(),
    });
  assert.deepEqual((await services.deviceAdd(callOf(), request('CT1', 1))).warnings, []);
  const long = await services.deviceAdd(callOf(), request('CT2', 5));
  assert.match(long.warnings.join(), /^its certificate ends on \d{4}-\d\d-\d\d, before its opening: .*device renew/);
  assert.deepEqual(long.device.warnings, []);
  const device = installation.policy.device(parseAeTitle('CT2', 'AE title'));
  assert.ok(device);
  const late = Temporal.Now.instant().add({ hours: 24 * 715 }).epochMilliseconds;
  const views = new DeviceViews({ policy: installation.policy, timeZone: 'UTC', now: () => late });
  assert.match(views.device(device).warnings.join(), /^its certificate ends on/);
  assert.ok(views.certificateEndsSoon(device));
});

test('a fingerprint that is none is refused before anything is enrolled', () => {
  const wrong = { name: 'n', device: 'A', purpose: 'reading', operations: ['move'], reason: 'r', until: '2027-01-01' };
  for (const bad of ['', 'ab', trust.toUpperCase(), `${trust}0`, 'any']) {
    const moveDestinations = [{ aeTitle: 'WS2', host: 'h', port: 1, trust: bad }];
    const { success } = v.safeParse(callSchemas.openingApply, { openings: [{ ...wrong, moveDestinations }] });
    assert.equal(success, false, bad);
  }
});
