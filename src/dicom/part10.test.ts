import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { bytesOf, longForm, short } from './data-set.test-support.ts';
import { readPart10Head, writePart10Head } from './part10.ts';
import { knownUid } from './uid.ts';

const limits = { metaBytesMax: 1000 };
const facts = {
  sopClassUid: knownUid('1.2.840.10008.5.1.4.1.1.2'),
  sopInstanceUid: knownUid('1.2.3.4'),
  transferSyntaxUid: knownUid('1.2.840.10008.1.2.1'),
};

/** A head by hand, of these elements of group 0002 and this group length (the true one without it). */
function head(elements: readonly Uint8Array[], length?: number): Uint8Array {
  const group = bytesOf(...elements);
  const groupLength = new Uint8Array(4);
  new DataView(groupLength.buffer).setUint32(0, length ?? group.length, true);
  return bytesOf(new Uint8Array(128), 'DICM', short(0x00020000, 'UL', groupLength), group);
}
const whole = [
  longForm(0x00020001, 'OB', Uint8Array.of(0, 1)),
  short(0x00020002, 'UI', '1.2.840.10008.5.1.4.1.1.2\0'),
  short(0x00020003, 'UI', '1.2.3.4\0'),
  short(0x00020010, 'UI', '1.2.840.10008.1.2.1\0'),
];
const refused = (bytes: Uint8Array, pattern: RegExp, code = 'MALFORMED'): void =>
  assert.throws(
    () => readPart10Head(bytes, { limits, isWhole: true }),
    (error) => error instanceof LeadglassError && error.code === code && pattern.test(error.message),
  );

test('a written head is read again, with its preamble', () => {
  const preamble = bytesOf('II*\0', new Uint8Array(124));
  const bytes = writePart10Head({ ...facts, sourceAeTitle: 'CT1', preamble });
  const read = readPart10Head(bytesOf(bytes, 'data set'), { limits });
  assert.ok(read.state === 'whole');
  assert.equal(read.headLength, bytes.length);
  assert.deepEqual(read.preamble, preamble);
  assert.equal(read.sopClassUid, facts.sopClassUid);
  assert.equal(read.sopInstanceUid, facts.sopInstanceUid);
  assert.equal(read.transferSyntaxUid, facts.transferSyntaxUid);
  assert.equal(read.meta.text(0x00020016), 'CT1');
  assert.equal(read.meta.text(0x00020013), 'LEADGLASS');
});

test('at every byte before its end a head asks for more, and says so as an error when nothing more comes', () => {
  const bytes = writePart10Head(facts);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.deepEqual(readPart10Head(bytes.subarray(0, length), { limits }), { state: 'more' });
    refused(bytes.subarray(0, length), /only \d+ bytes/);
  }
});

test('what is no DICOM file is refused at byte 128, not when all of it has come', () => {
  assert.throws(() => readPart10Head(new Uint8Array(129), { limits }), /DICM is not at byte 128/);
  assert.throws(() => readPart10Head(bytesOf(new Uint8Array(128), 'DICX'), { limits }), /DICM is not at byte 128/);
});

test('group length: missing, beyond the limit, too short, too long', () => {
  refused(bytesOf(new Uint8Array(128), 'DICM', ...whole), /has no group length/);
  refused(head(whole, 0xfffffff0), /4294967280 bytes, at most 1000/, 'LIMIT_EXCEEDED');
  refused(head(whole, 1001), /1001 bytes, at most 1000/, 'LIMIT_EXCEEDED');
  const length = bytesOf(...whole).length;
  refused(head(whole, length - 1), /length of \(0002,0010\) was 20, expected at most 19/);
  refused(bytesOf(head(whole, length + 10), short(0x00080060, 'CS', 'CT')), /reaches beyond/);
  refused(bytesOf(head(whole, length + 4), short(0x00080060, 'CS', 'CT')), /cut short/);
});

test('a UID that is a path, missing, empty, twice or two of them', () => {
  const instance = (value: string): Uint8Array[] =>
    whole.map((bytes, index) => (index === 2 ? short(0x00020003, 'UI', value) : bytes));
  refused(head(instance('../../etc/passwd')), /not a UID/);
  refused(head(instance('1.2\\1.3 ')), /more than one Media Storage SOP Instance UID/);
  refused(head(instance('')), /has no Media Storage SOP Instance UID/);
  refused(head(whole.filter((_, index) => index !== 2)), /has no Media Storage SOP Instance UID/);
  refused(head(whole.filter((_, index) => index !== 3)), /has no Transfer Syntax UID/);
  refused(head([...whole, short(0x00020010, 'UI', '1.2.840.10008.1.2\0')]), /\(0002,0010\) stands twice/);
});

test('sequences and unknown value representations are no part of the group', () => {
  refused(head([...whole, longForm(0x00020100, 'SQ', '')]), /no value representation of this group/);
  refused(head([...whole, short(0x00020016, '??', 'CT1 ')]), /no value representation of this group/);
  refused(head([...whole, longForm(0x00020102, 'OB', '', 0xffffffff)]), /was 4294967295, expected at most 0/);
});
