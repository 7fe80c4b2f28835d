/**
 * Lies of a device that was admitted: in PDUs, PDVs, presentation contexts, command sets and data sets. Each gets an abort,
 * a rejection or a failure status; the process goes on, in bounded memory, and the next one is served.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import {
  associateRequest,
  ctImageStorage,
  dataPdus,
  explicitLittleEndian,
  parseCommand,
  pdu,
  storeRequest,
  uidFor,
} from '../../bench/support/raw-dicom.ts';
import { echoContext, RawSocket, Sender, slice, storeContext } from '../faults/raw-peer.ts';
import { TestServer } from '../faults/server.ts';
import { dataSet as rawDataSet, emptyItems, explicit, nested, tagged, undefinedLength } from './raw-data-set.ts';

const memoryMbMax = 300;
const deflated = '1.2.840.10008.1.2.1.99';
const deflatedContext = { id: 5, abstractSyntax: ctImageStorage, transferSyntaxes: [deflated] };
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
let server: TestServer;
let socketsBefore: number;
let patient = 0;

before(async () => {
  server = await TestServer.start();
  await server.addDevice('CT1');
  await assertServed();
  socketsBefore = server.openSockets();
});

after(async () => {
  await using ending = server;
  assert.ok(ending.isRunning, ending.log);
  await ending.socketsBackTo(socketsBefore);
  assert.ok(ending.peakMemoryMb() < memoryMbMax, `${ending.peakMemoryMb()} MB`);
  await ending.assertSound();
  assert.doesNotMatch(ending.log, /"level":"error"|server\.failed|INTERNAL/);
});

async function assertServed(): Promise<void> {
  patient += 1;
  const sender = await Sender.open(server.target('CT1'));
  assert.equal(await sender.store(slice('wire', patient, 1)), 0);
  await sender.release();
}

async function admitted(): Promise<RawSocket> {
  const socket = await RawSocket.open(server.target('CT1'));
  const contexts = [storeContext, echoContext, deflatedContext];
  socket.write(associateRequest({ calling: 'CT1', called: 'LEADGLASS', contexts, maximumLength: 16_384 }));
  const answer = await socket.next();
  assert.ok(answer !== 'closed' && answer.type === 2);
  return socket;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One P-DATA-TF of one PDV, whose length says what it likes. */
function pdv(contextId: number, control: number, data: Buffer, length = data.length + 2): Buffer {
  return pdu(0x04, Buffer.concat([u32(length), Buffer.from([contextId, control]), data]));
}

const uid = uidFor('wire/x');
const command = storeRequest(1, ctImageStorage, uid);
const pduHead = (type: number, length: number): Buffer => Buffer.concat([Buffer.from([type, 0]), u32(length)]);

const lies: Readonly<Record<string, () => Buffer>> = {
  'a PDU of 4 GiB': () => Buffer.concat([pduHead(4, 0xffff_ffff), Buffer.alloc(64)]),
  'a PDU above what was announced': () => Buffer.concat([pduHead(4, 64 * 1024 ** 2), Buffer.alloc(64)]),
  'a PDV longer than its PDU': () => pdv(1, 3, command, command.length + 2 + 100),
  'a PDV of 4 GiB': () => pdv(1, 3, command, 0xffff_ffff),
  'a PDV of length 0': () => pdv(1, 3, Buffer.alloc(0), 0),
  'a PDV of length 1': () => pdv(1, 3, Buffer.alloc(0), 1),
  'an empty P-DATA-TF': () => pdu(4, Buffer.alloc(0)),
  'a PDV in a context that was not negotiated': () => pdv(9, 3, command),
  'an even context id': () => pdv(2, 3, command),
  'a data set without a command': () => pdv(1, 2, Buffer.alloc(100)),
  'an unknown PDU type': () => pdu(0x42, Buffer.alloc(10)),
  'a second A-ASSOCIATE-RQ': () =>
    associateRequest({ calling: 'CT1', called: 'LEADGLASS', contexts: [echoContext], maximumLength: 16_384 }),
  'an A-ASSOCIATE-AC': () => pdu(2, Buffer.alloc(68)),
  'a release response nobody asked for': () => pdu(6, Buffer.alloc(4)),
  'a command set of nothing': () => pdv(1, 3, Buffer.alloc(0)),
  'a command set of noise': () => pdv(1, 3, Buffer.alloc(200, 0xa5)),
  'a command element of 4 GiB': () => {
    const bytes = Buffer.from(command);
    bytes.writeUInt32LE(0xffff_fff0, 16);
    return pdv(1, 3, bytes);
  },
  'a command set of a megabyte': () => Buffer.concat(Array.from({ length: 20 }, () => pdv(1, 1, Buffer.alloc(60_000)))),
  'a release request of 60 KB': () => pdu(5, Buffer.alloc(60_000)),
};

for (const [what, bytes] of Object.entries(lies)) {
  test(`class 3: ${what} is answered by an abort, and others are served`, async () => {
    const socket = await admitted();
    socket.write(bytes());
    const types = await socket.typesUntilClosed(10_000);
    assert.deepEqual(types, [7]);
    socket.close();
    await assertServed();
  });
}

test('class 3: an association request whose inner lengths lie is refused, at each of them', async () => {
  const whole = associateRequest({ calling: 'CT1', called: 'LEADGLASS', contexts: [storeContext], maximumLength: 0 });
  for (let at = 74; at + 4 <= whole.length; at += 7) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt16BE(0xffff, at);
    const socket = await RawSocket.open(server.target('CT1'));
    socket.write(bytes);
    const answer = await socket.next(10_000);
    assert.ok(answer === 'closed' || [2, 3, 7].includes(answer.type), `byte ${at}`);
    socket.close();
  }
  const socket = await RawSocket.open(server.target('CT1'));
  socket.write(Buffer.concat([pduHead(1, 0x7fff_ffff), Buffer.alloc(100)]));
  assert.deepEqual(await socket.typesUntilClosed(), [7]);
  await assertServed();
});

test('class 4: thousands of contexts and sub-items are refused in bounded memory', async () => {
  const before = server.peakMemoryMb();
  const item = (type: number, body: Buffer): Buffer => {
    const head = Buffer.from([type, 0, 0, 0]);
    head.writeUInt16BE(body.length, 2);
    return Buffer.concat([head, body]);
  };
  const fixed = Buffer.concat([
    Buffer.from([0, 1, 0, 0]),
    ascii('LEADGLASS'.padEnd(16)),
    ascii('CT1'.padEnd(16)),
    Buffer.alloc(32),
  ]);
  const application = item(0x10, ascii('1.2.840.10008.3.1.1.1'));
  const user = item(0x50, item(0x51, u32(16_384)));
  const context = item(
    0x20,
    Buffer.concat([Buffer.from([1, 0, 0, 0]), item(0x30, ascii('1.2.3')), item(0x40, ascii('1.2'))]),
  );
  const floods: readonly Buffer[] = [
    Buffer.concat([fixed, application, ...Array.from({ length: 30_000 }, () => context), user]),
    Buffer.concat([
      fixed,
      application,
      item(
        0x20,
        Buffer.concat([
          Buffer.from([1, 0, 0, 0]),
          item(0x30, ascii('1.2.3')),
          ...Array.from({ length: 9000 }, () => item(0x40, ascii('1'))),
        ]),
      ),
      user,
    ]),
    Buffer.concat([
      fixed,
      application,
      context,
      item(0x50, Buffer.concat(Array.from({ length: 13_000 }, () => item(0x55, ascii('x'))))),
    ]),
    Buffer.concat([fixed, ...Array.from({ length: 100_000 }, () => item(0x99, Buffer.alloc(0)))]),
  ];
  for (const flood of floods) {
    const socket = await RawSocket.open(server.target('CT1'));
    socket.write(pdu(1, flood));
    const types = await socket.typesUntilClosed();
    assert.ok(
      types.every((type) => type === 7 || type === 3),
      types.join(),
    );
    socket.close();
  }
  await assertServed();
  assert.ok(server.peakMemoryMb() - before < 60, `${server.peakMemoryMb() - before} MB more`);
});

// ── data sets ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sends one C-STORE of these bytes; its status, or 'aborted'. */
async function storeBytes(bytes: Buffer, { contextId = 1, instanceUid = uid } = {}): Promise<number | 'aborted'> {
  const socket = await admitted();
  const request = storeRequest(1, ctImageStorage, instanceUid);
  socket.write(Buffer.concat([...dataPdus(contextId, true, [request], 16_384)]));
  socket.write(Buffer.concat([...dataPdus(contextId, false, [bytes], 131_072)]));
  const answer = await socket.next(20_000);
  socket.close();
  if (answer === 'closed' || answer.type === 7) return 'aborted';
  assert.equal(answer.type, 4);
  return parseCommand(answer.body.subarray(6)).status;
}

const dataSet = (instanceUid: string, ...more: readonly Buffer[]): Buffer => rawDataSet('wire', instanceUid, ...more);

const hostileDataSets: Readonly<Record<string, () => Buffer>> = {
  'class 3: an element of 4 GiB': () => dataSet(uid, explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(100), 0xffff_fffe)),
  'class 3: an element longer than what is left': () =>
    dataSet(uid, explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(100), 5000)),
  'class 3: a data set that ends in the middle of a head': () => dataSet(uid).subarray(0, -30),
  'class 8: items nested 2,000 deep': () => dataSet(uid, nested(2000)),
  'class 9: a sequence of 300,000 empty items': () => dataSet(uid, emptyItems(300_000)),
  'class 9: fragments without an end': () =>
    dataSet(
      uid,
      explicit(
        0x7fe0,
        0x0010,
        'OB',
        Buffer.concat(Array.from({ length: 1000 }, () => tagged(0xe000, 0))),
        undefinedLength,
      ),
    ),
  'class 9: an item inside a value of length 0 whose delimiter never comes': () =>
    dataSet(uid, explicit(0x0040, 0xa730, 'SQ', tagged(0xe000, undefinedLength), undefinedLength)),
  'class 6: a UID that is a path in the data set': () => dataSet('../../../../tmp/leadglass-owned'),
  'class 6: a Study Instance UID that is SQL': () =>
    Buffer.concat([
      explicit(0x0008, 0x0016, 'UI', ctImageStorage),
      explicit(0x0008, 0x0018, 'UI', uid),
      explicit(0x0020, 0x000d, 'UI', "1.2'); DROP TABLE study; --"),
      explicit(0x0020, 0x000e, 'UI', '1.2.3'),
    ]),
};

for (const [what, bytes] of Object.entries(hostileDataSets)) {
  test(`${what}: a failure status, nothing is stored, others are served`, async () => {
    const status = await storeBytes(bytes());
    assert.ok(status !== 'aborted' && status >= 0xa000 && status < 0xd000, String(status));
    await assertServed();
  });
}

test('class 6: SOP Instance UID and AE title as path, SQL, shell and log line are refused and escaped', async () => {
  for (const text of ['../../etc/passwd', "1.2';DROP TABLE x;", '$(reboot)', '1.2\r\n{"level":"error"}', '%00', '']) {
    assert.notEqual(await storeBytes(dataSet(uid), { instanceUid: text }), 0, JSON.stringify(text));
  }
  for (const title of ['../../etc/passwd', "A' OR '1'='1", 'A\r\n{"x":1}', '\x1b[2J\x1b]0;x\x07']) {
    const socket = await RawSocket.open(server.target('CT1'));
    socket.write(
      associateRequest({ calling: title, called: 'LEADGLASS', contexts: [echoContext], maximumLength: 16_384 }),
    );
    const answer = await socket.next();
    assert.ok(answer === 'closed' || answer.type === 3 || answer.type === 7, JSON.stringify(title));
    socket.close();
  }
  for (const line of server.log.split('\n').filter((text) => text !== '')) {
    assert.doesNotThrow(() => JSON.parse(line), line);
  }
  const { stdout } = await server.run('ledger', 'show');
  assert.ok(!stdout.includes('\x1b') && !stdout.includes('\r'));
  await assertServed();
});

test('class 7: a deflate bomb is stopped by what it inflates to, with a failure status', async () => {
  const before = server.peakMemoryMb();
  const zeros = Buffer.alloc(256 * 1024 ** 2);
  const bomb = deflateRawSync(Buffer.concat([dataSet(uid), explicit(0x7fe0, 0x0010, 'OW', zeros)]));
  assert.ok(bomb.length < 1024 ** 2);
  const status = await storeBytes(bomb, { contextId: 5 });
  assert.ok(status !== 'aborted' && status >= 0xa000, String(status));
  assert.ok(server.peakMemoryMb() - before < 80, `${server.peakMemoryMb() - before} MB more`);
  await assertServed();
});

test('class 7: an honest deflated instance is taken', async () => {
  const honest = uidFor('wire/honest');
  const bytes = deflateRawSync(dataSet(honest, explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(1000, 7))));
  assert.equal(await storeBytes(bytes, { contextId: 5, instanceUid: honest }), 0);
});

test('class 10: rows, columns and palettes with wrong VRs are kept as bytes, never believed', async () => {
  const odd = uidFor('wire/rows');
  const status = await storeBytes(
    dataSet(
      odd,
      explicit(0x0028, 0x0008, 'IS', '99999999999999999999'),
      explicit(0x0028, 0x0010, 'UL', Buffer.alloc(4, 0xff)),
      explicit(0x0028, 0x0011, 'LO', 'wide'),
      explicit(0x0028, 0x1101, 'US', Buffer.alloc(2)),
      explicit(0x7fe0, 0x0010, 'OW', Buffer.alloc(8)),
    ),
    { instanceUid: odd },
  );
  assert.ok(status === 0 || (status !== 'aborted' && status >= 0xa000), String(status));
  await assertServed();
});

test('the other syntax than negotiated is not mistaken for a data set', async () => {
  assert.equal(storeContext.transferSyntaxes[0], explicitLittleEndian);
  const status = await storeBytes(Buffer.from('080016001a000000', 'hex'));
  assert.ok(status !== 'aborted' && status >= 0xa000, String(status));
});
