/** Attacks on readers of data sets, each refused by scanner and codec alike (they share the walker), at any split. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { LeadglassError } from '../error.ts';
import {
  bytesOf,
  deflatedLittle,
  everySplit,
  explicitLittle,
  implicit,
  implicitLittle,
  item,
  itemDelimitation,
  jpegBaseline,
  limits,
  longForm,
  scan,
  sequenceDelimitation,
  short,
  undefinedLength,
} from './data-set.test-support.ts';
import { readDataSet } from './data-set-codec.ts';
import { DataSetScanner } from './data-set-scanner.ts';

const patientId = 0x00100020;
const sequence = 0x00400275;

function refused(bytes: Uint8Array, pattern: RegExp, transferSyntaxUid = explicitLittle): void {
  for (const chunks of everySplit(bytes)) {
    const result = scan(chunks, { transferSyntaxUid });
    assert.ok('refused' in result, 'the scanner took it');
    assert.match(result.refused, pattern);
  }
  assert.throws(
    () => readDataSet(bytes, { transferSyntaxUid, limits }),
    (error) => error instanceof LeadglassError && pattern.test(error.message),
  );
}

test('value longer than what comes', () => {
  refused(short(patientId, 'LO', 'ID', 4), /missing|expected at most/);
});

test('value longer than the item around it', () => {
  refused(
    longForm(sequence, 'SQ', item(short(patientId, 'LO', 'ID', 4))),
    /length of \(0010,0020\) was 4, expected at most 2/,
  );
});

test('item longer than the sequence around it', () => {
  refused(longForm(sequence, 'SQ', item('', 2)), /length of \(FFFE,E000\) was 2, expected at most 0/);
});

test('item of undefined length that reaches beyond a sequence of defined length', () => {
  const content = bytesOf(item('', undefinedLength), short(patientId, 'LO', 'IDID', 4));
  refused(bytesOf(longForm(sequence, 'SQ', content, content.length - 2), itemDelimitation), /expected at most 2/);
});

test('head of an element over the end of its item', () => {
  refused(
    bytesOf(longForm(sequence, 'SQ', item('\x10\0\x20\0')), new Uint8Array(20)),
    /head of an element reaches beyond/,
  );
});

test('length of almost 4 GiB, also deflated and in the last element of an item', () => {
  const huge = longForm(0x00091010, 'OB', 'abcd', 0xfffffffe);
  refused(huge, /more than 100000 bytes in \(0009,1010\)/);
  refused(longForm(sequence, 'SQ', item(huge)), /was 4294967294, expected at most 4/);
  refused(longForm(sequence, 'SQ', '', 0xfffffffe), /more than 100000 bytes/);
});

test('undefined length of a value that is no sequence', () => {
  refused(bytesOf(longForm(0x00091010, 'OB', '', undefinedLength), sequenceDelimitation), /OB has undefined length/);
  refused(implicit(patientId, '', undefinedLength), /LO has undefined length/, implicitLittle);
});

test('encapsulated pixel data where the transfer syntax has none, and none where it has some', () => {
  const fragments = bytesOf(longForm(0x7fe00010, 'OB', '', undefinedLength), item(''), sequenceDelimitation);
  refused(fragments, /has undefined length/);
  refused(longForm(0x7fe00010, 'OW', 'ab'), /is not encapsulated/, jpegBaseline);
});

test('fragments that are no items, have undefined length or never end', () => {
  const start = longForm(0x7fe00010, 'OB', '', undefinedLength);
  refused(bytesOf(start, short(patientId, 'LO', 'ID')), /stands where an item was expected/, jpegBaseline);
  refused(bytesOf(start, item('', undefinedLength)), /a fragment has undefined length/, jpegBaseline);
  refused(bytesOf(start, item('ab')), /ends inside a sequence/, jpegBaseline);
  refused(bytesOf(start, item('ab', 100)), /missing|expected at most/, jpegBaseline);
});

test('delimitation items that end nothing, or end what is not open', () => {
  refused(itemDelimitation, /stands where an element was expected/);
  refused(sequenceDelimitation, /stands where an element was expected/);
  refused(
    bytesOf(longForm(sequence, 'SQ', '', undefinedLength), itemDelimitation),
    /stands where an item was expected/,
  );
  refused(
    bytesOf(longForm(sequence, 'SQ', '', undefinedLength), item('', undefinedLength), sequenceDelimitation),
    /stands where an element was expected/,
  );
  refused(longForm(sequence, 'SQ', bytesOf(sequenceDelimitation)), /stands where an item was expected/);
  refused(longForm(sequence, 'SQ', item(itemDelimitation)), /stands where an element was expected/);
});

test('patient ID twice, side by side or out of order', () => {
  refused(bytesOf(short(patientId, 'LO', 'A '), short(patientId, 'LO', 'B ')), /\(0010,0020\) stands twice/);
  refused(
    bytesOf(short(patientId, 'LO', 'A '), short(0x00100030, 'DA', ''), short(patientId, 'LO', 'B ')),
    /\(0010,0020\) stands twice/,
  );
});

test('patient ID after the head, when its absence has been taken as an answer', () => {
  const scanner = new DataSetScanner({ transferSyntaxUid: explicitLittle, limits, want: (tag) => tag === patientId });
  void scanner.push(longForm(0x7fe00010, 'OW', 'ab'));
  assert.equal(scanner.headComplete, true);
  assert.throws(() => scanner.push(short(patientId, 'LO', 'ID')), /\(0010,0020\) is out of order/);
});

test('elements of a command or of a file head in a data set', () => {
  refused(short(0x00000100, 'US', '\x01\0'), /\(0000,0100\) is no element of a data set/);
  refused(short(0x00020010, 'UI', '1.2\0'), /\(0002,0010\) is no element of a data set/);
});

test('bytes after the last element', () => {
  refused(bytesOf(short(patientId, 'LO', 'ID'), '\0\0\0\0\0\0\0\0'), /\(0000,0000\)/);
  refused(bytesOf(short(patientId, 'LO', 'ID'), 'x'), /ends 1 bytes into the head of an element/);
});

function nested(depth: number): Uint8Array {
  const open = bytesOf(longForm(sequence, 'SQ', '', undefinedLength), item('', undefinedLength));
  const close = bytesOf(itemDelimitation, sequenceDelimitation);
  return bytesOf(...Array<Uint8Array>(depth).fill(open), ...Array<Uint8Array>(depth).fill(close));
}

test('nesting bomb: as deep as the limit passes, one deeper does not, nor twenty thousand', () => {
  assert.ok('found' in scan([nested(limits.depthMax - 1)]));
  assert.ok('found' in scan([nested(limits.depthMax)]));
  assert.deepEqual(scan([nested(limits.depthMax + 1)]), {
    refused: 'Cannot take the data set: more than 8 sequences within sequences',
  });
  assert.ok('refused' in scan([nested(20_000)]));
});

test('item bomb: many empty items in one sequence, or spread over many', () => {
  const items = (count: number): Uint8Array =>
    longForm(sequence, 'SQ', bytesOf(...Array<Uint8Array>(count).fill(item(''))));
  assert.ok('found' in scan([items(limits.itemsMax - 1)]));
  assert.ok('found' in scan([items(limits.itemsMax)]));
  refused(items(limits.itemsMax + 1), /more than 100 items/);
  const spread = Array.from({ length: limits.itemsMax + 1 }, (_, index) =>
    longForm(0x00400275 + index, 'SQ', item('')),
  );
  refused(bytesOf(...spread), /more than 100 items/);
});

test('element bomb: exactly the limit passes, one more does not', () => {
  const elements = (count: number): Uint8Array =>
    bytesOf(...Array.from({ length: count }, (_, index) => short(0x00100020 + index, 'LO', '')));
  assert.ok('found' in scan([elements(limits.elementsMax)]));
  refused(elements(limits.elementsMax + 1), /more than 200 elements/);
});

test('fragment bomb: exactly the limit passes, one more does not', () => {
  const fragments = (count: number): Uint8Array =>
    bytesOf(
      longForm(0x7fe00010, 'OB', '', undefinedLength),
      ...Array<Uint8Array>(count).fill(item('')),
      sequenceDelimitation,
    );
  assert.ok('found' in scan([fragments(limits.fragmentsMax)], { transferSyntaxUid: jpegBaseline }));
  refused(fragments(limits.fragmentsMax + 1), /more than 20 fragments/, jpegBaseline);
});

test('sequences of length 0 and empty items end, in any number', () => {
  const zero = bytesOf(longForm(sequence, 'SQ', ''), longForm(0x00400280, 'SQ', item('')), implicitUn());
  assert.ok('found' in scan([zero]));
});

function implicitUn(): Uint8Array {
  return bytesOf(longForm(0x00411001, 'UN', '', undefinedLength), item(''), sequenceDelimitation);
}

test('wanted values that are too long, alone or together, are refused before memory is taken', () => {
  const exactly = limits.keptValueBytesMax;
  assert.ok('found' in scan([longForm(0x00102000, 'UT', 'x'.repeat(exactly))]));
  assert.match(JSON.stringify(scan([longForm(0x00102000, 'UT', '', exactly + 1)])), /makes more than 1000 bytes/);
  const many = [1, 2, 3, 4, 5].map((index) => longForm(0x00102000 + index, 'UT', 'x'.repeat(exactly)));
  assert.match(JSON.stringify(scan(many)), /makes more than 4000 bytes/);
});

test('deflate bomb: stopped at the limit, in one piece and in small ones', async () => {
  const bomb = deflateRawSync(longForm(0x00091010, 'OB', new Uint8Array(90_000)));
  assert.ok(bomb.length < 1000);
  assert.throws(
    () => readDataSet(bomb, { transferSyntaxUid: deflatedLittle, limits }),
    (error) => error instanceof LeadglassError && error.code === 'LIMIT_EXCEEDED',
  );
  for (const step of [1, 10, bomb.length]) {
    const scanner = new DataSetScanner({ transferSyntaxUid: deflatedLittle, limits, want: () => false });
    await assert.rejects(
      async () => {
        for (let at = 0; at < bomb.length; at += step) await scanner.push(bomb.subarray(at, at + step));
        await scanner.end();
      },
      (error) => error instanceof LeadglassError && error.code === 'LIMIT_EXCEEDED',
    );
  }
});

test('deflated stream that is cut, is none, or has a second one behind it', async () => {
  const whole = deflateRawSync(short(patientId, 'LO', 'ID'));
  const cases = [
    whole.subarray(0, -2),
    bytesOf('\xff\xff\xff\xff'),
    bytesOf(whole, whole, whole),
    bytesOf(whole, new Uint8Array(10)),
  ];
  for (const bytes of cases) {
    for (const step of [1, bytes.length]) {
      const scanner = new DataSetScanner({ transferSyntaxUid: deflatedLittle, limits, want: () => false });
      await assert.rejects(
        async () => {
          for (let at = 0; at < bytes.length; at += step) await scanner.push(bytes.subarray(at, at + step));
          await scanner.end();
        },
        (error) => error instanceof LeadglassError && error.code === 'MALFORMED',
      );
    }
  }
});

test('an empty data set is refused', () => {
  assert.deepEqual(scan([]), { refused: 'Cannot read the data set: it is empty' });
});
