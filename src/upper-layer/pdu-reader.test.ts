/** The deframer: every cut of the input, every lie about a length, and no memory for bytes that did not come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError, type ErrorCode } from '../error.ts';
import { limits } from '../limits.ts';
import type { Abort } from './association-types.ts';
import { join, pdu, uint32 } from './byte-writer.ts';
import { writeAbort, writeDataHeader, writeReleaseRequest } from './pdu.ts';
import { PduReader, type PduEvent } from './pdu-reader.ts';
import { abortOf } from './protocol-error.ts';

const small = { associatePduBytesMax: 200, pduLengthBytesMax: 64, pdvsPerPduMax: 3 };

function pdv(contextId: number, control: number, data: Uint8Array): Uint8Array {
  return join(uint32(data.length + 2), Uint8Array.of(contextId, control), data);
}
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index + 1);

function readAll(chunks: readonly Uint8Array[], readerLimits = small): PduEvent[] {
  const reader = new PduReader(readerLimits);
  const events: PduEvent[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
  }
  return events;
}

/** Events as text, with the fragments of one PDV joined. */
function told(events: readonly PduEvent[]): string[] {
  const lines: string[] = [];
  let open = false;
  for (const event of events) {
    if (event.kind === 'pdu') {
      lines.push(`pdu ${event.type} ${Buffer.from(event.body).toString('hex')}`);
      continue;
    }
    const { presentationContextId, isCommand, isLast, data } = event.fragment;
    if (!open) lines.push(`context ${presentationContextId} ${isCommand ? 'command' : 'data'} `);
    lines[lines.length - 1] += Buffer.from(data).toString('hex') + (isLast ? ' last' : '');
    open = !isLast;
  }
  return lines;
}

function refuses(bytes: Uint8Array, code: ErrorCode, reason: number, text: RegExp): void {
  for (const chunks of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
    assert.throws(
      () => readAll(chunks),
      (error: unknown) => {
        assert.ok(error instanceof LeadglassError, String(error));
        assert.equal(error.code, code);
        assert.match(error.message, text);
        assert.deepEqual(abortOf(error), { source: 2, reason } satisfies Abort);
        return true;
      },
    );
  }
}

const conversation = join(
  pdu(1, counting(68)),
  pdu(4, join(pdv(1, 3, counting(10)), pdv(1, 0, counting(5)))),
  pdu(4, join(pdv(1, 0, counting(4)), pdv(1, 2, counting(7)))),
  pdu(4, pdv(3, 2, new Uint8Array(0))),
  writeReleaseRequest(),
  writeAbort({ source: 2, reason: 6 }),
);
const expected = [
  `pdu 1 ${Buffer.from(counting(68)).toString('hex')}`,
  'context 1 command 0102030405060708090a last',
  'context 1 data 01020304050102030401020304050607 last',
  'context 3 data  last',
  'pdu 5 00000000',
  'pdu 7 00000206',
];

test('a conversation is read the same when it is cut at every byte', () => {
  assert.deepEqual(told(readAll([conversation])), expected);
  for (let at = 1; at < conversation.length; at += 1) {
    assert.deepEqual(
      told(readAll([conversation.subarray(0, at), conversation.subarray(at)])),
      expected,
      `cut at ${at}`,
    );
  }
  assert.deepEqual(told(readAll(Array.from(conversation, (byte) => Uint8Array.of(byte)))), expected);
});

test('fragments are slices of the chunk, not copies', () => {
  const bytes = pdu(4, pdv(1, 2, counting(20)));
  const [event] = readAll([bytes]);
  assert.ok(event?.kind === 'fragment');
  assert.equal(event.fragment.data.buffer, bytes.buffer);
});

test('a fragment is passed on before its PDV is complete, and only the end of the last PDV is last', () => {
  const bytes = pdu(4, pdv(1, 2, counting(20)));
  const events = readAll([bytes.subarray(0, 20), bytes.subarray(20)]);
  assert.deepEqual(
    events.map((event) => event.kind === 'fragment' && [event.fragment.data.length, event.fragment.isLast]),
    [
      [8, false],
      [12, true],
    ],
  );
});

test('the caller may stop between two fragments and push meanwhile', () => {
  const reader = new PduReader(small);
  reader.push(pdu(4, join(pdv(1, 0, counting(3)), pdv(1, 2, counting(3)))));
  assert.equal(reader.next()?.kind, 'fragment');
  reader.push(writeReleaseRequest());
  assert.equal(reader.next()?.kind, 'fragment');
  assert.equal(reader.next()?.kind, 'pdu');
  assert.equal(reader.next(), undefined);
  assert.equal(reader.pdusCompleted, 2);
});

test('types other than 1 to 7 are unrecognized PDUs', () => {
  for (const type of [0, 8, 0x16, 0x47, 0xff]) refuses(pdu(type, new Uint8Array(4)), 'MALFORMED', 1, /expected 1 to 7/);
});

test('PDU lengths: each limit exactly, one below and one above', () => {
  const associate = (length: number): Uint8Array => pdu(1, new Uint8Array(length));
  refuses(associate(67), 'MALFORMED', 6, /length was 67, expected at least 68/);
  assert.equal(readAll([associate(68)]).length, 1);
  assert.equal(readAll([associate(200)]).length, 1);
  refuses(associate(201), 'LIMIT_EXCEEDED', 6, /length was 201, at most 200/);
  for (const type of [3, 5, 6, 7]) {
    for (const length of [0, 3, 5]) refuses(pdu(type, new Uint8Array(length)), 'MALFORMED', 6, /expected 4/);
  }
  const data = (length: number): Uint8Array => pdu(4, pdv(1, 2, new Uint8Array(length - 6)));
  assert.equal(readAll([data(6)]).length, 1);
  assert.equal(readAll([data(63)]).length, 1);
  assert.equal(readAll([data(64)]).length, 1);
  refuses(data(65), 'LIMIT_EXCEEDED', 6, /length was 65, at most 64/);
});

test('four-gigabyte attack: a PDU length is refused from its header, before any byte of it', () => {
  for (const type of [1, 2, 3, 4, 5, 6, 7]) {
    const header = join(Uint8Array.of(type, 0), uint32(0xffffffff));
    assert.throws(() => readAll([header], limits), /length was 4294967295/);
  }
});

test('no memory is set aside for a length that was only announced', () => {
  const readers = Array.from({ length: 2000 }, () => {
    const reader = new PduReader(limits);
    reader.push(join(Uint8Array.of(1, 0), uint32(limits.associatePduBytesMax), new Uint8Array(100)));
    assert.equal(reader.next(), undefined);
    return reader;
  });
  const { arrayBuffers } = process.memoryUsage();
  assert.ok(arrayBuffers < readers.length * 16 * 1024, `${arrayBuffers} bytes for ${readers.length} readers`);
});

test('PDV lengths that do not fill their PDU exactly are refused', () => {
  const body = (first: number, length: number): Uint8Array =>
    pdu(4, join(uint32(first), Uint8Array.of(1, 2), new Uint8Array(length)));
  for (const wrong of [0, 1, 13, 14, 0x7fffffff, 0xffffffff]) refuses(body(wrong, 10), 'MALFORMED', 6, /item length/);
  // 1 to 5 bytes left over hold no further PDV.
  for (const short of [7, 8, 11]) refuses(body(short, 10), 'MALFORMED', 6, /item length/);
  assert.equal(readAll([body(12, 10)]).length, 1);
  for (const length of [0, 1, 5]) refuses(pdu(4, new Uint8Array(length)), 'MALFORMED', 6, /at least 6/);
});

test('a second PDV that goes over the end of its PDU is refused after the first was read', () => {
  const reader = new PduReader(small);
  reader.push(pdu(4, join(pdv(1, 0, counting(4)), uint32(3), Uint8Array.of(1, 2))));
  assert.equal(reader.next()?.kind, 'fragment');
  assert.throws(() => reader.next(), /item length was 3, 2 bytes are left/);
});

test('even presentation contexts are refused', () => {
  refuses(pdu(4, pdv(2, 2, counting(4))), 'MALFORMED', 6, /context was 2/);
});

test('empty-PDV flood: more PDVs in one PDU than the limit are refused', () => {
  const flood = (count: number): Uint8Array =>
    pdu(4, join(...Array.from({ length: count }, () => pdv(1, 0, new Uint8Array(0)))));
  assert.deepEqual(readAll([flood(3)]), []);
  refuses(flood(4), 'LIMIT_EXCEEDED', 6, /more than 3 PDVs/);
});

test('after an error all further input is ignored', () => {
  const reader = new PduReader(small);
  reader.push(pdu(9, new Uint8Array(4)));
  assert.throws(() => reader.next());
  reader.push(conversation);
  assert.equal(reader.next(), undefined);
});

test('what is not DICOM is named in the detail, for the first PDU only', () => {
  const detail = (bytes: Uint8Array): string | undefined => {
    try {
      readAll([bytes]);
    } catch (error) {
      assert.ok(error instanceof LeadglassError);
      return error.detail;
    }
    return undefined;
  };
  const cases: readonly (readonly [string, RegExp])[] = [
    ['\x16\x03\x01\x02\0\x01', /TLS hello on a plain port/],
    ['\x15\x03\x03\0\x02\x02', /the peer expects TLS/],
    ['GET / HTTP/1.1\r\n', /HTTP request/],
    ['HTTP/1.1 400 Bad', /HTTP answer/],
    ['SSH-2.0-x', /SSH/],
    ['PROXY TCP4 1.2.3.4', /PROXY protocol/],
    ['\r\n\r\n\0\r\nQUIT\n', /PROXY protocol/],
    ['\x03\0\0\x13\x0e\xe0', /RDP/],
    ['\xde\xad\xbe\xef\0\0', /^header bytes deadbeef0000$/],
  ];
  for (const [bytes, text] of cases) assert.match(detail(Buffer.from(bytes, 'latin1')) ?? '', text);
  const late = detail(join(writeReleaseRequest(), Buffer.from('GET / HTTP/1.1')));
  assert.equal(late, 'header bytes 474554202f20');
});

test('the header of a P-DATA-TF that we write is one that we read', () => {
  const events = readAll([join(writeDataHeader(5, 3, 4), counting(4))]);
  assert.deepEqual(told(events), ['context 5 command 01020304 last']);
});
