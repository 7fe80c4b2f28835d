import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { storageCommitmentPushModelInstance, SopClasses } from '../dicom/sop-class.ts';
import { knownUid } from '../dicom/uid.ts';
import { CommandField, type DimseMessage, readCommandSet, writeCommandSet, writeRefusal } from './command-set.ts';
import { ctImageStorage, testLimits } from './test-support.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s+/g, ''), 'hex'));
const instanceUid = knownUid('1.2.392.200036.9116.2.6.1.48.1214834115.1486205112.923825');

/** Composed by hand from PS3.7 E.1 and tables 9.3-1 and following. */
const golden: readonly (readonly [name: string, bytes: string, message: DimseMessage])[] = [
  [
    'C-ECHO-RQ',
    `0000 0000 04000000 38000000
     0000 0200 12000000 312e322e3834302e31303030382e312e3100
     0000 0001 02000000 3000
     0000 1001 02000000 0700
     0000 0008 02000000 0101`,
    {
      commandField: CommandField.CEchoRq,
      hasDataSet: false,
      affectedSopClassUid: SopClasses.Verification,
      messageId: 7,
    },
  ],
  [
    'C-ECHO-RSP',
    `0000 0000 04000000 42000000
     0000 0200 12000000 312e322e3834302e31303030382e312e3100
     0000 0001 02000000 3080
     0000 2001 02000000 0800
     0000 0008 02000000 0101
     0000 0009 02000000 0000`,
    {
      commandField: CommandField.CEchoRsp,
      hasDataSet: false,
      messageIdBeingRespondedTo: 8,
      status: 0,
      affectedSopClassUid: SopClasses.Verification,
    },
  ],
  [
    'C-STORE-RQ of a C-MOVE',
    `0000 0000 04000000 a6000000
     0000 0200 1a000000 312e322e3834302e31303030382e352e312e342e312e312e3200
     0000 0001 02000000 0100
     0000 1001 02000000 0900
     0000 0007 02000000 0100
     0000 0008 02000000 0000
     0000 0010 3a000000 312e322e3339322e3230303033362e393131362e322e362e312e34382e313231343833343131352e313438363230353131322e39323338323500
     0000 3010 08000000 53544154494f4e20
     0000 3110 02000000 0500`,
    {
      commandField: CommandField.CStoreRq,
      hasDataSet: true,
      affectedSopClassUid: ctImageStorage,
      messageId: 9,
      priority: 1,
      affectedSopInstanceUid: instanceUid,
      moveOriginatorApplicationEntityTitle: 'STATION',
      moveOriginatorMessageId: 5,
    },
  ],
  [
    'C-MOVE-RSP, pending',
    `0000 0000 04000000 50000000
     0000 0001 02000000 2180
     0000 2001 02000000 0700
     0000 0008 02000000 0101
     0000 0009 02000000 00ff
     0000 2010 02000000 0300
     0000 2110 02000000 0100
     0000 2210 02000000 0400
     0000 2310 02000000 0200`,
    {
      commandField: CommandField.CMoveRsp,
      hasDataSet: false,
      messageIdBeingRespondedTo: 7,
      status: 0xff00,
      numberOfRemainingSuboperations: 3,
      numberOfCompletedSuboperations: 1,
      numberOfFailedSuboperations: 4,
      numberOfWarningSuboperations: 2,
    },
  ],
  [
    'N-ACTION-RQ of a storage commitment',
    `0000 0000 04000000 62000000
     0000 0300 14000000 312e322e3834302e31303030382e312e32302e31
     0000 0001 02000000 3001
     0000 1001 02000000 0100
     0000 0008 02000000 0000
     0000 0110 16000000 312e322e3834302e31303030382e312e32302e312e31
     0000 0810 02000000 0100`,
    {
      commandField: CommandField.NActionRq,
      hasDataSet: true,
      requestedSopClassUid: SopClasses.StorageCommitmentPushModel,
      messageId: 1,
      requestedSopInstanceUid: storageCommitmentPushModelInstance,
      actionTypeId: 1,
    },
  ],
  [
    'C-STORE-RSP with an explanation',
    `0000 0000 04000000 46000000
     0000 0001 02000000 0180
     0000 2001 02000000 0200
     0000 0008 02000000 0101
     0000 0009 02000000 00a9
     0000 0109 08000000 1000200020000d00
     0000 0209 06000000 6e6f20726f6f`,
    {
      commandField: CommandField.CStoreRsp,
      hasDataSet: false,
      messageIdBeingRespondedTo: 2,
      status: 0xa900,
      offendingElement: [0x00100020, 0x0020000d],
      errorComment: 'no roo',
    },
  ],
  [
    'C-CANCEL-RQ',
    `0000 0000 04000000 1e000000
     0000 0001 02000000 ff0f
     0000 2001 02000000 0300
     0000 0008 02000000 0101`,
    { commandField: CommandField.CCancelRq, hasDataSet: false, messageIdBeingRespondedTo: 3 },
  ],
];

for (const [name, text, message] of golden) {
  test(`${name} is read and written byte for byte`, () => {
    const bytes = hex(text);
    assert.deepEqual(readCommandSet(bytes, testLimits), message);
    assert.deepEqual(Buffer.from(writeCommandSet(message)).toString('hex'), Buffer.from(bytes).toString('hex'));
  });

  test(`${name} cut at any byte is refused as malformed`, () => {
    const bytes = hex(text);
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => readCommandSet(bytes.subarray(0, length), testLimits), { code: 'MALFORMED' });
    }
  });
}

/** A command set of these elements, with the right group length. */
function commandSet(...elements: readonly (readonly [tag: number, value: Uint8Array | string | number])[]): Uint8Array {
  const parts = elements.map(([tag, value]) => {
    const bytes =
      typeof value === 'number'
        ? Buffer.from([value & 0xff, value >>> 8])
        : typeof value === 'string'
          ? Buffer.from(value, 'latin1')
          : value;
    const head = Buffer.alloc(8);
    head.writeUInt16LE(tag >>> 16, 0);
    head.writeUInt16LE(tag & 0xffff, 2);
    head.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.from([0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(body.length, 8);
  return Buffer.concat([head, body]);
}

const ct = '1.2.840.10008.5.1.4.1.1.2\0';

test('padding of UIDs by NUL or space, and of AE titles by spaces, is not significant', () => {
  const message = readCommandSet(
    commandSet(
      [0x0002, '1.2.840.10008.5.1.4.1.1.2 '],
      [0x0100, CommandField.CMoveRq],
      [0x0110, 1],
      [0x0600, '  DEST  '],
      [0x0700, 0],
      [0x0800, 1],
    ),
    testLimits,
  );
  assert.deepEqual(message, {
    commandField: CommandField.CMoveRq,
    hasDataSet: true,
    affectedSopClassUid: ctImageStorage,
    messageId: 1,
    moveDestination: 'DEST',
    priority: 0,
  });
});

test('an AE title of invalid is a title like any other', () => {
  const message = readCommandSet(
    commandSet([0x0002, ct], [0x0100, 0x21], [0x0110, 1], [0x0600, 'invalid '], [0x0700, 0], [0x0800, 1]),
    testLimits,
  );
  assert.ok('moveDestination' in message && message.moveDestination === 'invalid');
});

test('unknown and retired elements of group 0000 are skipped', () => {
  const message = readCommandSet(
    commandSet([0x0001, 'xx'], [0x0100, 0x8030], [0x0120, 1], [0x0800, 0x0101], [0x0900, 0], [0x5010, 'zz']),
    testLimits,
  );
  assert.deepEqual(message, {
    commandField: CommandField.CEchoRsp,
    hasDataSet: false,
    messageIdBeingRespondedTo: 1,
    status: 0,
  });
});

test('an unknown command is refused as an unrecognized operation, with the number of its response', () => {
  const command = readCommandSet(commandSet([0x0100, 0x0042], [0x0110, 5], [0x0800, 0]), testLimits);
  assert.ok('refused' in command);
  assert.equal(command.status, 0x0211);
  assert.equal(command.responseField, 0x8042);
  assert.equal(command.hasDataSet, true);
  const written = writeRefusal(command);
  // The answer's own Command Field is unknown too: to a reader of ours it is a response to nothing.
  assert.throws(() => readCommandSet(written, testLimits), { code: 'MALFORMED' });
});

for (const [what, uid] of [
  ['path', '../../etc/passwd'],
  ['shell word', '1.2;rm -rf /;'],
  ['SQL text', "1.2' OR '1'='1 "],
  ['log line', '1.2\r\nINFO forged'],
  ['too long UID', `1.${'2'.repeat(64)}`],
  ['leading zero', '1.2.03'],
  ['NUL inside', '1.2\x003.4'],
] as const) {
  test(`a SOP Instance UID that is a ${what} is refused as invalid and not repeated`, () => {
    const padded = uid.length % 2 === 0 ? uid : `${uid}\0`;
    const command = readCommandSet(
      commandSet([0x0002, ct], [0x0100, 1], [0x0110, 5], [0x0700, 0], [0x0800, 0], [0x1000, padded]),
      testLimits,
    );
    assert.ok('refused' in command);
    assert.equal(command.status, 0x0117);
    assert.doesNotMatch(command.errorComment, /passwd|rm -|1=1|forged|222|1\.2/);
  });
}

test('an AE title with control characters or a backslash is refused', () => {
  for (const title of ['A\nB ', 'A\\B ', 'A\x00B ', 'SEVENTEEN_LETTERS ']) {
    const command = readCommandSet(
      commandSet([0x0002, ct], [0x0100, 0x21], [0x0110, 1], [0x0600, title], [0x0700, 0], [0x0800, 1]),
      testLimits,
    );
    assert.ok('refused' in command && command.status === 0xa801, JSON.stringify(title));
  }
});

test('an error comment of a peer becomes one printable line of 64 characters', () => {
  const comment = `\x1b[31mred\r\n\\${'x'.repeat(99)}`;
  const message = readCommandSet(
    commandSet([0x0100, 0x8001], [0x0120, 1], [0x0800, 0x0101], [0x0900, 1], [0x0902, `${comment} `.slice(0, 110)]),
    testLimits,
  );
  assert.ok('errorComment' in message);
  assert.match(message.errorComment ?? '', /^\[31mred x+$/);
  assert.equal(message.errorComment?.length, 64);
});

test('an error comment without a printable character is as good as none', () => {
  // Found by fuzz/command-set.fuzz.ts.
  const message = readCommandSet(
    commandSet(
      [0x0100, 0x8001],
      [0x0120, 1],
      [0x0800, 0x0101],
      [0x0900, 1],
      [0x0902, Buffer.from('ffffff7ffeff0000', 'hex')],
    ),
    testLimits,
  );
  assert.ok(!('errorComment' in message));
});

test('an error comment of ours is cut to 64 characters of the default repertoire', () => {
  const bytes = writeCommandSet({
    commandField: CommandField.CEchoRsp,
    hasDataSet: false,
    messageIdBeingRespondedTo: 1,
    status: 0x0110,
    errorComment: `Müller\\\n${'y'.repeat(100)}`,
  });
  const message = readCommandSet(bytes, testLimits);
  assert.ok('errorComment' in message);
  assert.match(message.errorComment ?? '', /^M ller y+$/);
  assert.equal(message.errorComment?.length, 64);
});

const echo = [
  [0x0002, '1.2.840.10008.1.1\0'],
  [0x0100, 0x30],
  [0x0110, 7],
  [0x0800, 0x0101],
] as const;

for (const [what, bytes] of [
  ['a length of 4 GiB', hex('0000 0000 04000000 08000000 0000 0200 ffffffff')],
  ['a length beyond the end', commandSet(...echo).map((byte, at) => (at === 16 ? 0xf0 : byte))],
  ['an odd length', commandSet([0x0002, '1.2'], [0x0100, 0x30], [0x0110, 7], [0x0800, 0x0101])],
  ['tags that do not rise', commandSet(echo[1], echo[0], echo[2], echo[3])],
  ['an element twice', commandSet(echo[0], echo[1], echo[2], echo[2], echo[3])],
  ['an element of another group', commandSet(...echo, [0x00080018, '1.2\0'])],
  ['no group length', commandSet(...echo).subarray(12)],
  ['a group length that lies', commandSet(...echo).map((byte, at) => (at === 8 ? byte - 1 : byte))],
  ['no command field', commandSet(echo[0], echo[2], echo[3])],
  ['a command field of 4 bytes', commandSet([0x0100, 'abcd'], [0x0110, 7], [0x0800, 0x0101])],
  ['no data set type', commandSet(echo[0], echo[1], echo[2])],
  ['no message id', commandSet(echo[0], echo[1], echo[3])],
  ['a response without a status', commandSet([0x0100, 0x8030], [0x0120, 7], [0x0800, 0x0101])],
  ['a C-CANCEL without a message id', commandSet([0x0100, 0x0fff], [0x0800, 0x0101])],
  ['an unknown response', commandSet([0x0100, 0x8042], [0x0110, 7], [0x0800, 0x0101])],
  ['nothing', new Uint8Array(0)],
] as const) {
  test(`a command set with ${what} is malformed`, () => {
    assert.throws(() => readCommandSet(bytes, testLimits), { name: 'LeadglassError', code: 'MALFORMED' });
  });
}

test('a command set is read at its limit of bytes and elements, and refused one above', () => {
  const bytes = commandSet(...echo, [0x5010, 'xx']);
  const limits = { commandSetBytesMax: bytes.length, commandElementsMax: 6 };
  assert.ok(!('refused' in readCommandSet(bytes, limits)));
  assert.throws(() => readCommandSet(bytes, { ...limits, commandSetBytesMax: bytes.length - 1 }), {
    code: 'LIMIT_EXCEEDED',
  });
  assert.throws(() => readCommandSet(bytes, { ...limits, commandElementsMax: 5 }), { code: 'LIMIT_EXCEEDED' });
});

test('any bytes give a message, a refusal, or a malformed or too large command set', () => {
  const number = fc.integer({ min: 0, max: 0xffff });
  const element = fc.tuple(
    fc.oneof(fc.constantFrom(0x2, 0x3, 0x100, 0x110, 0x120, 0x600, 0x700, 0x800, 0x900, 0x901, 0x902, 0x1000), number),
    fc.oneof(number, fc.uint8Array({ maxLength: 20 })),
  );
  fc.assert(
    fc.property(fc.array(element, { maxLength: 15 }), (elements) => {
      const sorted = elements.toSorted(([a], [b]) => a - b);
      try {
        const message = readCommandSet(commandSet(...sorted), testLimits);
        if (!('refused' in message)) {
          assert.deepEqual(readCommandSet(writeCommandSet(message), testLimits), message);
        }
      } catch (error) {
        assert.match(String(Reflect.get(Object(error), 'code')), /^(?:MALFORMED|LIMIT_EXCEEDED)$/);
      }
    }),
    { numRuns: 2000 },
  );
});
