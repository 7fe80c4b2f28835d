/** Sub-items 51H to 59H, PS3.8 D.1 and PS3.7 D.3.3, from bytes written by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { UserInformation } from './association-types.ts';
import { ByteCursor } from './byte-cursor.ts';
import { ascii, item, join, sized, uint16, uint32 } from './byte-writer.ts';
import { readUserInformation, writeUserInformation } from './user-information.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const maximumLength = item(0x51, uint32(0));
const implementation = item(0x52, ascii('1.2.3'));

function read(of: 'request' | 'accept', ...subItems: readonly Uint8Array[]): UserInformation {
  return readUserInformation(new ByteCursor(join(...subItems), 'user information'), of, limits);
}
const inRequest = (...subItems: readonly Uint8Array[]): UserInformation =>
  read('request', maximumLength, implementation, ...subItems);
const inAccept = (...subItems: readonly Uint8Array[]): UserInformation =>
  read('accept', maximumLength, implementation, ...subItems);

function refuses(run: () => unknown, text: RegExp): void {
  assert.throws(run, (error: unknown) => error instanceof LeadglassError && text.test(error.message));
}

test('sub-items come in any order', () => {
  const window = item(0x53, join(uint16(0), uint16(7)));
  const read1 = read('request', window, implementation, maximumLength);
  assert.deepEqual(read1.asynchronousOperationsWindow, { invoked: 0, performed: 7 });
  assert.equal(read1.maximumLength, 0);
});

test('maximum length and implementation class are required once each', () => {
  refuses(() => read('request', implementation), /51H.*missing/);
  refuses(() => read('request', maximumLength), /52H.*missing/);
  refuses(() => inRequest(maximumLength), /51H.*twice/);
  refuses(() => inRequest(implementation), /52H.*twice/);
  refuses(() => read('request', item(0x51, new Uint8Array(3)), implementation), /needs 4 bytes, only 3/);
  refuses(() => read('request', item(0x51, new Uint8Array(5)), implementation), /1 bytes are left over/);
});

test('the maximum length is unsigned', () => {
  assert.equal(read('request', item(0x51, uint32(0xffffffff)), implementation).maximumLength, 0xffffffff);
});

test('an implementation version name has 1 to 16 printable characters', () => {
  assert.equal(inRequest(item(0x55, ascii('A'.repeat(16)))).implementationVersionName, 'A'.repeat(16));
  refuses(() => inRequest(item(0x55, ascii('A'.repeat(17)))), /length was 17/);
  refuses(() => inRequest(item(0x55, ascii(''))), /length was 0/);
  refuses(() => inRequest(item(0x55, ascii('A\r\nB'))), /ISO 646/);
});

test('the asynchronous operations window has exactly 4 bytes', () => {
  refuses(() => inRequest(item(0x53, new Uint8Array(3))), /needs 2 bytes/);
  refuses(() => inRequest(item(0x53, new Uint8Array(6))), /left over/);
  refuses(() => inRequest(item(0x53, new Uint8Array(4)), item(0x53, new Uint8Array(4))), /twice/);
});

test('a role selection has a UID and two flags', () => {
  const role = (...flags: number[]) => item(0x54, join(sized(ascii(ct)), Uint8Array.from(flags)));
  assert.deepEqual(inRequest(role(1, 0)).roleSelections, [{ sopClassUid: ct, scu: true, scp: false }]);
  refuses(() => inRequest(role(1)), /SCP-role/);
  refuses(() => inRequest(role(1, 2)), /was 2, expected 0 or 1/);
  refuses(() => inRequest(role(1, 0, 0)), /left over/);
  refuses(() => inRequest(role(1, 0), role(1, 1)), /twice/);
});

test('inner UID lengths that are too long, too short or zero are refused', () => {
  for (const length of [0, ct.length - 1, ct.length + 1, 0xffff]) {
    const lie = item(0x54, join(uint16(length), ascii(ct), Uint8Array.of(1, 0)));
    assert.throws(() => inRequest(lie), LeadglassError, `length ${length}`);
  }
});

test('extended negotiation keeps its bytes as a copy of its own', () => {
  const source = item(0x56, join(sized(ascii(ct)), Uint8Array.of(1, 2, 3)));
  const [extended] = inRequest(source).extendedNegotiations;
  assert.deepEqual(extended?.information, Uint8Array.of(1, 2, 3));
  assert.equal(extended?.information.buffer.byteLength, 3);
});

test('common extended negotiation: the list length is the sum of its parts, later versions are skipped', () => {
  const related = join(sized(ascii('1.2')), sized(ascii('1.3')));
  const body = (list: Uint8Array) => join(sized(ascii(ct)), sized(ascii('1.2.840.10008.4.2')), list);
  const read1 = inRequest(item(0x57, body(sized(related))));
  assert.deepEqual(read1.commonExtendedNegotiations[0]?.relatedGeneralSopClassUids, ['1.2', '1.3']);
  assert.deepEqual(inRequest(item(0x57, body(sized(related)), 1)).commonExtendedNegotiations, []);
  for (const wrong of [related.length - 1, related.length + 1, 0xffff]) {
    assert.throws(() => inRequest(item(0x57, body(join(uint16(wrong), related)))), LeadglassError, `length ${wrong}`);
  }
});

test('user identity: one at most, a secondary field only for type 2, exact lengths', () => {
  const identity = (type: number, flag: number, primary: string, secondary: string, ...rest: Uint8Array[]) =>
    item(0x58, join(Uint8Array.of(type, flag), sized(ascii(primary)), sized(ascii(secondary)), ...rest));
  assert.deepEqual(inRequest(identity(2, 1, 'user', 'pass')).userIdentity, {
    type: 2,
    positiveResponseRequested: true,
    primaryField: new Uint8Array(ascii('user')),
    secondaryField: new Uint8Array(ascii('pass')),
  });
  refuses(() => inRequest(identity(1, 0, 'user', 'pass')), /Secondary-field-length/);
  refuses(() => inRequest(identity(1, 3, 'user', '')), /was 3/);
  refuses(() => inRequest(identity(1, 0, 'user', '', Uint8Array.of(0))), /left over/);
  refuses(() => inRequest(identity(1, 0, 'a', ''), identity(1, 0, 'b', '')), /twice/);
  refuses(() => inRequest(item(0x58, join(Uint8Array.of(1, 0), uint16(0xffff), ascii('short')))), /Primary-field/);
});

test('what belongs to the other direction is skipped like an unknown item', () => {
  const identity = item(0x58, join(Uint8Array.of(1, 0), sized(ascii('user')), sized(new Uint8Array(0))));
  const response = item(0x59, sized(ascii('ticket')));
  assert.equal(inAccept(identity).userIdentity, undefined);
  assert.equal(inRequest(response).userIdentityResponse, undefined);
  assert.deepEqual(inAccept(response).userIdentityResponse, new Uint8Array(ascii('ticket')));
});

test('sub-items are read up to the limit, unknown ones included', () => {
  const unknown = item(0x5f, new Uint8Array(0));
  const fill = (count: number): Uint8Array[] => Array.from({ length: count }, () => unknown);
  inRequest(...fill(limits.userSubItemsMax - 2));
  refuses(() => inRequest(...fill(limits.userSubItemsMax - 1)), /more than 400 user information sub-items/);
});

test('a field that does not fit its length is never written', () => {
  assert.throws(
    () => writeUserInformation({ ...inRequest(), userIdentityResponse: new Uint8Array(0x10000) }),
    RangeError,
  );
});
