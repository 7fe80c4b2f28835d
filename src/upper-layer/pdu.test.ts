/** PDUs against bytes written out from the standard's tables, bytes of another implementation, and lies about lengths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { uidFromRandom } from '../dicom/uid.ts';
import { LeadglassError, type ErrorCode } from '../error.ts';
import { limits } from '../limits.ts';
import type { AssociateAccept, AssociateRequest } from './association-types.ts';
import { ascii, item, join, uint16, uint32 } from './byte-writer.ts';
import {
  echoedFields,
  readAbort,
  readAssociateAccept,
  readAssociateReject,
  readAssociateRequest,
  writeAbort,
  writeAssociateAccept,
  writeAssociateReject,
  writeAssociateRequest,
  writeDataHeader,
  writeReleaseRequest,
  writeReleaseResponse,
} from './pdu.ts';
import { abortOf } from './protocol-error.ts';

const verification = '1.2.840.10008.1.1';
const implicit = '1.2.840.10008.1.2';
const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

// PS3.8 tables 9-11 to 9-15 and D.1-1, written byte by byte.
const goldenRequest = bytesOf(
  `
  01 00 000000b3                                  # type, reserved, length 179
  0001 0000                                       # version, reserved
  43414c4c454420202020202020202020                # CALLED
  43414c4c494e47202020202020202020                # CALLING
  0000000000000000000000000000000000000000000000000000000000000000
  10 00 0015 312e322e3834302e31303030382e332e312e312e31
  20 00 002e 01 00 00 00
    30 00 0011 312e322e3834302e31303030382e312e31
    40 00 0011 312e322e3834302e31303030382e312e32
  50 00 0020
    51 00 0004 00004000
    52 00 0005 312e322e33
    53 00 0004 0001 0002
    55 00 0003 414243
`.replaceAll(/#.*/g, ''),
);

// Recorded from echoscu of DCMTK 3.6.7 (-aet GOLDEN -aec LEADGLASS) against its storescp.
const dcmtkRequest = bytesOf(
  '0100000000cd000100004c454144474c41535320202020202020474f4c44454e202020202020202020200000000000000000' +
    '00000000000000000000000000000000000000000000000010000015312e322e3834302e31303030382e332e312e312e3120' +
    '00002e0100ff0030000011312e322e3834302e31303030382e312e3140000011312e322e3834302e31303030382e312e3250' +
    '00003a51000004000040005200001b312e322e3237362e302e373233303031302e332e302e332e362e375500000f4f464649' +
    '535f44434d544b5f333637',
);
const dcmtkAccept = bytesOf(
  '0200000000b8000100004c454144474c41535320202020202020474f4c44454e202020202020202020200000000000000000' +
    '00000000000000000000000000000000000000000000000010000015312e322e3834302e31303030382e332e312e312e3121' +
    '0000190100000040000011312e322e3834302e31303030382e312e325000003a51000004000040005200001b312e322e3237' +
    '362e302e373233303031302e332e302e332e362e375500000f4f464649535f44434d544b5f333637',
);

const emptyInformation = { roleSelections: [], extendedNegotiations: [], commonExtendedNegotiations: [] };

/** Parts of a request, to be put together wrongly. */
const fixed = (version = 1, called = 'CALLED', calling = 'CALLING'): Uint8Array =>
  join(uint16(version), uint16(0), ascii(called.padEnd(16)), ascii(calling.padEnd(16)), new Uint8Array(32));
const applicationContext = item(0x10, ascii('1.2.840.10008.3.1.1.1'));
const abstractSyntax = item(0x30, ascii(verification));
const transferSyntax = item(0x40, ascii(implicit));
const context = (id = 1, ...subItems: readonly Uint8Array[]): Uint8Array =>
  item(0x20, join(Uint8Array.of(id, 0, 0, 0), ...(subItems.length > 0 ? subItems : [abstractSyntax, transferSyntax])));
const maximumLength = item(0x51, uint32(16384));
const implementation = item(0x52, ascii('1.2.3'));
const userInformation = (...subItems: readonly Uint8Array[]): Uint8Array =>
  item(0x50, join(maximumLength, implementation, ...subItems));
const request = (...items: readonly Uint8Array[]): AssociateRequest =>
  readAssociateRequest(join(fixed(), ...items), limits);

function refuses(run: () => unknown, code: ErrorCode, text: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof LeadglassError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, text);
    assert.deepEqual(abortOf(error), { source: 2, reason: 6 });
    return true;
  });
}

test('an A-ASSOCIATE-RQ written by the tables of the standard is read, and written back to the same bytes', () => {
  const read = readAssociateRequest(goldenRequest.subarray(6), limits);
  assert.deepEqual(read, {
    protocolVersion: 1,
    calledAeTitle: 'CALLED',
    callingAeTitle: 'CALLING',
    applicationContextName: '1.2.840.10008.3.1.1.1',
    presentationContexts: [{ id: 1, abstractSyntax: verification, transferSyntaxes: [implicit] }],
    userInformation: {
      ...emptyInformation,
      maximumLength: 16384,
      implementationClassUid: '1.2.3',
      implementationVersionName: 'ABC',
      asynchronousOperationsWindow: { invoked: 1, performed: 2 },
    },
  });
  assert.equal(Buffer.from(writeAssociateRequest(read)).toString('hex'), Buffer.from(goldenRequest).toString('hex'));
});

test('the A-ASSOCIATE-RQ and -AC of DCMTK are read, and the latter is written back to the same bytes', () => {
  const read = readAssociateRequest(dcmtkRequest.subarray(6), limits);
  assert.equal(read.callingAeTitle, 'GOLDEN');
  assert.equal(read.userInformation.implementationVersionName, 'OFFIS_DCMTK_367');
  const accept = readAssociateAccept(dcmtkAccept.subarray(6), limits);
  assert.deepEqual(accept.presentationContexts, [{ id: 1, result: 0, transferSyntax: implicit }]);
  const written = writeAssociateAccept(accept, echoedFields(dcmtkRequest.subarray(6)));
  assert.deepEqual(Buffer.from(written), Buffer.from(dcmtkAccept));
});

test('the short PDUs have the bytes of tables 9-21 to 9-26', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  assert.equal(hex(writeAssociateReject({ result: 1, source: 2, reason: 2 })), '03000000000400010202');
  assert.equal(hex(writeReleaseRequest()), '05000000000400000000');
  assert.equal(hex(writeReleaseResponse()), '06000000000400000000');
  assert.equal(hex(writeAbort({ source: 2, reason: 6 })), '07000000000400000206');
  assert.equal(hex(writeAbort({ source: 0, reason: 6 })), '07000000000400000000');
  assert.equal(hex(writeDataHeader(3, 2, 10)), '0400000000100000000c0302');
  assert.deepEqual(readAssociateReject(bytesOf('ff020302')), { result: 2, source: 3, reason: 2 });
  assert.deepEqual(readAbort(bytesOf('ffff0205')), { source: 2, reason: 5 });
  assert.deepEqual(readAbort(bytesOf('00000105')), { source: 0, reason: 0 });
  refuses(() => readAssociateReject(bytesOf('00030101')), 'MALFORMED', /Result: was 3/);
  refuses(() => readAssociateReject(bytesOf('00010401')), 'MALFORMED', /Source: was 4/);
});

test('a request cut anywhere is refused, never read in part', () => {
  const body = goldenRequest.subarray(6);
  for (let length = 0; length < body.length; length += 1) {
    assert.throws(() => readAssociateRequest(body.subarray(0, length), limits), LeadglassError, `length ${length}`);
  }
});

test('a wrong length of any item, by one or by a lot, is refused or changes nothing that was read', () => {
  const body = goldenRequest.subarray(6);
  // Offsets of the 16-bit lengths of all items in the golden request.
  const lengths = [70, 95, 103, 124, 145, 149, 157, 166, 174];
  for (const at of lengths) {
    const right = Buffer.from(body).readUInt16BE(at);
    for (const wrong of [0, right - 1, right + 1, 0x7fff, 0xffff]) {
      const lie = Buffer.from(body);
      lie.writeUInt16BE(wrong, at);
      assert.throws(() => readAssociateRequest(lie, limits), LeadglassError, `length ${wrong} at ${at}`);
    }
  }
});

test('items of unknown type are skipped at every level', () => {
  const unknown = item(0x7e, ascii('later edition'));
  const read = request(
    unknown,
    applicationContext,
    context(1, unknown, abstractSyntax, unknown, transferSyntax),
    unknown,
    userInformation(unknown, item(0x5a, new Uint8Array(0))),
  );
  assert.equal(read.presentationContexts.length, 1);
});

test('unknown items are skipped up to the limit and no further', () => {
  const unknown = item(0x7e, new Uint8Array(0));
  const fill = (count: number): Uint8Array[] => Array.from({ length: count }, () => unknown);
  const rest = [applicationContext, context(), userInformation()];
  const max = limits.unknownItemsMax;
  request(...rest, ...fill(max));
  refuses(() => request(...rest, ...fill(max + 1)), 'LIMIT_EXCEEDED', /unknown items/);
  request(applicationContext, context(1, abstractSyntax, transferSyntax, ...fill(max)), userInformation());
  refuses(
    () => request(applicationContext, context(1, abstractSyntax, transferSyntax, ...fill(max + 1)), userInformation()),
    'LIMIT_EXCEEDED',
    /unknown items/,
  );
});

test('what must come once is refused when it is missing or comes twice', () => {
  const information = userInformation();
  refuses(() => request(context(), information), 'MALFORMED', /10H.*missing/);
  refuses(() => request(applicationContext, information), 'MALFORMED', /20H.*missing/);
  refuses(() => request(applicationContext, context()), 'MALFORMED', /50H.*missing/);
  refuses(() => request(applicationContext, applicationContext, context(), information), 'MALFORMED', /10H.*twice/);
  refuses(() => request(applicationContext, context(), information, information), 'MALFORMED', /50H.*twice/);
  const of = (...subItems: Uint8Array[]) => request(applicationContext, context(1, ...subItems), information);
  refuses(() => of(abstractSyntax), 'MALFORMED', /40H.*missing/);
  refuses(() => of(transferSyntax), 'MALFORMED', /30H.*missing/);
  refuses(() => of(abstractSyntax, abstractSyntax, transferSyntax), 'MALFORMED', /30H.*twice/);
});

test('presentation context IDs are odd and unique', () => {
  const information = userInformation();
  refuses(() => request(applicationContext, context(2), information), 'MALFORMED', /was 2, expected an odd/);
  refuses(() => request(applicationContext, context(0), information), 'MALFORMED', /was 0, expected an odd/);
  refuses(() => request(applicationContext, context(5), context(5), information), 'MALFORMED', /5 came twice/);
});

test('128 presentation contexts are read, the 129th is refused', () => {
  const all = Array.from({ length: 128 }, (_, index) => context(index * 2 + 1));
  assert.equal(request(applicationContext, ...all, userInformation()).presentationContexts.length, 128);
  refuses(() => request(applicationContext, ...all, context(1), userInformation()), 'LIMIT_EXCEEDED', /more than 128/);
});

test('transfer syntaxes of a context are read up to the limit', () => {
  const of = (count: number) =>
    request(
      applicationContext,
      context(1, abstractSyntax, ...Array.from({ length: count }, () => transferSyntax)),
      userInformation(),
    );
  const max = limits.transferSyntaxesPerContextMax;
  assert.equal(of(max).presentationContexts[0]?.transferSyntaxes.length, max);
  refuses(() => of(max + 1), 'LIMIT_EXCEEDED', /transfer syntaxes/);
});

test('AE titles lose their outer spaces, keep inner ones, and are refused with control characters', () => {
  const of = (called: string) =>
    readAssociateRequest(join(fixed(1, called), applicationContext, context(), userInformation()), limits);
  assert.equal(of('  A B  ').calledAeTitle, 'A B');
  assert.equal(of('').calledAeTitle, '');
  for (const bad of ['A\0B', 'A\nB', 'A\u007fB', 'A\u00e9']) {
    refuses(() => of(bad), 'MALFORMED', /Called-AE-title/);
  }
});

test('UIDs with padding, leading zeros, wrong characters or 65 characters are refused without being repeated', () => {
  const information = userInformation();
  for (const bad of [`${verification}\0`, `${verification} `, '1.02', '1.2.', '..', '../../etc', '1'.repeat(65), '']) {
    const items = [applicationContext, context(1, item(0x30, ascii(bad)), transferSyntax), information];
    assert.throws(
      () => request(...items),
      (error: unknown) => error instanceof LeadglassError && (bad.length < 3 || !error.message.includes(bad)),
    );
  }
  const longest = `1.${'2'.repeat(62)}`;
  const read = request(applicationContext, context(1, item(0x30, ascii(longest)), transferSyntax), information);
  assert.equal(read.presentationContexts[0]?.abstractSyntax, longest);
});

test('the AE titles of an acceptance are not tested and a rejected context needs no transfer syntax', () => {
  const result = (id: number, code: number, ...subItems: Uint8Array[]) =>
    item(0x21, join(Uint8Array.of(id, 0, code, 0), ...subItems));
  const of = (...contexts: Uint8Array[]): AssociateAccept =>
    readAssociateAccept(join(fixed(1, 'A\0\0'), applicationContext, ...contexts, userInformation()), limits);
  const read = of(result(1, 3), result(3, 4, item(0x40, ascii('not a uid'))), result(5, 0, transferSyntax));
  assert.deepEqual(
    read.presentationContexts.map((context) => context.result),
    [3, 4, 0],
  );
  assert.equal(read.calledAeTitle, '');
  refuses(() => of(result(1, 0)), 'MALFORMED', /40H.*missing/);
  refuses(() => of(result(1, 0, transferSyntax, transferSyntax)), 'MALFORMED', /40H.*twice/);
  refuses(() => of(result(1, 5, transferSyntax)), 'MALFORMED', /was 5/);
  refuses(() => of(result(1, 1), result(1, 1)), 'MALFORMED', /1 came twice/);
});

const uids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uidFromRandom);
const titles = fc.stringMatching(/^[!-~]([ -~]{0,14}[!-~])?$/);
const fields = fc.uint8Array({ maxLength: 40 });
const information = fc.record(
  {
    maximumLength: fc.nat({ max: 0xffffffff }),
    implementationClassUid: uids,
    implementationVersionName: fc.stringMatching(/^[!-~]{1,16}$/),
    asynchronousOperationsWindow: fc.record({
      invoked: fc.nat({ max: 0xffff }),
      performed: fc.nat({ max: 0xffff }),
    }),
    roleSelections: fc.uniqueArray(fc.record({ sopClassUid: uids, scu: fc.boolean(), scp: fc.boolean() }), {
      maxLength: 5,
      selector: (role) => role.sopClassUid,
    }),
    extendedNegotiations: fc.uniqueArray(fc.record({ sopClassUid: uids, information: fields }), {
      maxLength: 5,
      selector: (extended) => extended.sopClassUid,
    }),
  },
  {
    requiredKeys: ['maximumLength', 'implementationClassUid', 'roleSelections', 'extendedNegotiations'],
    noNullPrototype: true,
  },
);
const commonExtended = fc.uniqueArray(
  fc.record({
    sopClassUid: uids,
    serviceClassUid: uids,
    relatedGeneralSopClassUids: fc.array(uids, { maxLength: 4 }),
  }),
  { maxLength: 3, selector: (common) => common.sopClassUid },
);
const identity = fc.oneof(
  fc.record({
    type: fc.constant(2),
    positiveResponseRequested: fc.boolean(),
    primaryField: fields,
    secondaryField: fields,
  }),
  fc.record({
    type: fc.constantFrom(1, 3, 4, 5, 77),
    positiveResponseRequested: fc.boolean(),
    primaryField: fields,
    secondaryField: fc.constant(new Uint8Array(0)),
  }),
);
const ids = fc.nat({ max: 127 }).map((index) => index * 2 + 1);
const common = {
  protocolVersion: fc.nat({ max: 0xffff }),
  calledAeTitle: titles,
  callingAeTitle: titles,
  applicationContextName: uids,
};

test('reading what was written gives the same request', () => {
  const requests = fc.record({
    ...common,
    presentationContexts: fc.uniqueArray(
      fc.record({ id: ids, abstractSyntax: uids, transferSyntaxes: fc.array(uids, { minLength: 1, maxLength: 5 }) }),
      { minLength: 1, maxLength: 8, selector: (context) => context.id },
    ),
    userInformation: fc
      .tuple(information, commonExtended, fc.option(identity, { nil: undefined }))
      .map(([base, commonExtendedNegotiations, userIdentity]) => ({
        ...base,
        commonExtendedNegotiations,
        ...(userIdentity === undefined ? {} : { userIdentity }),
      })),
  });
  fc.assert(
    fc.property(requests, (original) => {
      assert.deepEqual(
        readAssociateRequest(writeAssociateRequest(original).subarray(6), limits),
        structuredClone(original),
      );
    }),
    { numRuns: 300 },
  );
});

test('reading what was written gives the same acceptance', () => {
  const accepts = fc.record({
    ...common,
    presentationContexts: fc.uniqueArray(
      fc.oneof(
        fc.record({ id: ids, result: fc.constant(0 as const), transferSyntax: uids }),
        fc.record({
          id: ids,
          result: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
          transferSyntax: fc.constant(TransferSyntaxes.ImplicitVrLittleEndian),
        }),
      ),
      { maxLength: 8, selector: (context) => context.id },
    ),
    userInformation: fc.tuple(information, fc.option(fields, { nil: undefined })).map(([base, response]) => ({
      ...base,
      commonExtendedNegotiations: [],
      ...(response === undefined ? {} : { userIdentityResponse: response }),
    })),
  });
  fc.assert(
    fc.property(accepts, (original) => {
      assert.deepEqual(
        readAssociateAccept(writeAssociateAccept(original).subarray(6), limits),
        structuredClone(original),
      );
    }),
    { numRuns: 300 },
  );
});

test('any bytes give a request or an error that carries its answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
      try {
        request(tail);
      } catch (error) {
        assert.ok(error instanceof LeadglassError && abortOf(error) !== undefined, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
