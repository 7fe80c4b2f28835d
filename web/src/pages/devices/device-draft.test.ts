import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { callSchemas } from '../../../../src/doors/control/control-calls.ts';
import { deviceAddOf, emptyDraft, faultsOfConnection, faultsOfDevice, listOf } from './device-draft.ts';

const bounds = { today: '2026-11-27', plainEnd: '2027-02-25' };
const draft = { ...emptyDraft, aeTitle: 'CT1', reason: 'CT, room 1', until: '2027-06-30' };

test('what the wizard gathers is what the server takes', () => {
  const given = deviceAddOf(
    { ...draft, modalities: 'ct, mr', addresses: '10.1.2.3 10.1.2.4' },
    '-----BEGIN PUBLIC KEY-----',
  );
  const parsed = v.parse(callSchemas.deviceAdd, given);
  assert.deepEqual(parsed.scope, { modalities: ['CT', 'MR'] });
  assert.deepEqual(parsed.addresses, ['10.1.2.3', '10.1.2.4']);
  v.parse(callSchemas.deviceAdd, deviceAddOf({ ...draft, proof: 'plain', risk: 'old' }, undefined));
});

test('of a workstation the server decides doors, operations and scope, whatever was typed for another purpose before', () => {
  const typed = { ...draft, modalities: 'CT', ownStudiesOnly: true, privateSopClasses: true, doors: [] };
  const room = { ...typed, operations: ['find' as const], purpose: 'workstation-reading' as const };
  assert.deepEqual(faultsOfConnection(room, bounds), {});
  const parsed = v.parse(callSchemas.deviceAdd, deviceAddOf(room, '-----BEGIN PUBLIC KEY-----'));
  const { doors, operations, scope, privateSopClasses } = parsed;
  assert.deepEqual([doors, operations, scope, privateSopClasses], [undefined, undefined, {}, false]);
});

test('an AE title has 1 to 16 characters and no backslash', () => {
  assert.deepEqual(faultsOfDevice(draft), {});
  assert.deepEqual(faultsOfDevice({ ...draft, aeTitle: 'A'.repeat(16) }), {});
  for (const aeTitle of ['A'.repeat(17), 'A\\B', 'Ä'])
    assert.equal(faultsOfDevice({ ...draft, aeTitle }).aeTitle, 'ae-title');
  assert.equal(faultsOfDevice({ ...draft, aeTitle: '  ' }).aeTitle, 'missing');
});

test('without TLS an address and a risk are needed, for 90 days at most', () => {
  const plain = { ...draft, proof: 'plain' as const };
  assert.deepEqual(faultsOfConnection(plain, bounds), {
    risk: 'missing',
    addresses: 'plain-needs-address',
    until: 'plain-too-long',
  });
  const right = { ...plain, risk: 'old', addresses: '10.0.0.1', until: bounds.plainEnd };
  assert.deepEqual(faultsOfConnection(right, bounds), {});
});

test('a request and a certificate are told apart, and an end date lies ahead', () => {
  const pem = '-----BEGIN CERTIFICATE-----';
  assert.equal(faultsOfConnection({ ...draft, proof: 'csr', pem }, bounds).pem, 'not-request');
  assert.deepEqual(faultsOfConnection({ ...draft, proof: 'certificate', pem }, bounds), {});
  assert.equal(faultsOfConnection({ ...draft, until: '2026-11-26' }, bounds).until, 'past');
  assert.deepEqual(faultsOfConnection({ ...draft, until: '2026-11-27' }, bounds), {});
  assert.deepEqual(listOf(' a, b;c\nd '), ['a', 'b', 'c', 'd']);
});
