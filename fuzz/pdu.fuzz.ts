/**
 * Feeds mutated PDUs to the upper layer: `node fuzz/pdu.fuzz.ts --seconds 60 [--seed 1]`. Every input must give a value or
 * a LeadglassError that carries its answer; the way the bytes are cut must not matter; a machine must come to its end.
 * A finding prints the seed and the input as hex and ends with status 1; it then becomes a test beside the code.
 */
import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { parseArgs } from 'node:util';
import { TransferSyntaxes } from '../src/dicom/transfer-syntax.ts';
import { knownUid } from '../src/dicom/uid.ts';
import { LeadglassError } from '../src/error.ts';
import { limits } from '../src/limits.ts';
import { acceptAssociation } from '../src/upper-layer/acceptor.ts';
import type { AssociateRequest } from '../src/upper-layer/association-types.ts';
import { negotiate } from '../src/upper-layer/negotiation.ts';
import {
  readAssociateAccept,
  readAssociateRequest,
  writeAbort,
  writeAssociateAccept,
  writeAssociateReject,
  writeAssociateRequest,
  writeDataHeader,
  writeReleaseRequest,
  writeReleaseResponse,
} from '../src/upper-layer/pdu.ts';
import { PduReader } from '../src/upper-layer/pdu-reader.ts';
import { buildAssociateRequest, requestAssociation } from '../src/upper-layer/requestor.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 2 ** 32);

/** mulberry32: small, seeded, good enough to mutate bytes. */
let randomState = seed >>> 0;
function random(below: number): number {
  randomState = (randomState + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

/** The input under test, for the report of a finding. */
let input: Uint8Array = new Uint8Array(0);

const verification = knownUid('1.2.840.10008.1.1');
const ctImage = knownUid('1.2.840.10008.5.1.4.1.1.2');
const request: AssociateRequest = buildAssociateRequest(
  {
    callingAeTitle: 'FUZZ',
    calledAeTitle: 'LEADGLASS',
    presentationContexts: [
      { id: 1, abstractSyntax: verification, transferSyntaxes: [TransferSyntaxes.ImplicitVrLittleEndian] },
      { id: 3, abstractSyntax: ctImage, transferSyntaxes: [TransferSyntaxes.ExplicitVrLittleEndian] },
    ],
    userInformation: {
      roleSelections: [{ sopClassUid: ctImage, scu: true, scp: true }],
      extendedNegotiations: [{ sopClassUid: ctImage, information: Uint8Array.of(2, 0, 0, 0, 1, 0) }],
      commonExtendedNegotiations: [
        { sopClassUid: ctImage, serviceClassUid: knownUid('1.2.840.10008.4.2'), relatedGeneralSopClassUids: [ctImage] },
      ],
      asynchronousOperationsWindow: { invoked: 2, performed: 3 },
      userIdentity: {
        type: 2,
        positiveResponseRequested: true,
        primaryField: Buffer.from('user'),
        secondaryField: Buffer.from('pass'),
      },
    },
  },
  limits,
);
const { userIdentity: _identity, ...acceptInformation } = request.userInformation;
const requestPdu = writeAssociateRequest(request);
const acceptPdu = writeAssociateAccept({
  ...request,
  presentationContexts: [
    { id: 1, result: 0, transferSyntax: TransferSyntaxes.ImplicitVrLittleEndian },
    { id: 3, result: 0, transferSyntax: TransferSyntaxes.ExplicitVrLittleEndian },
  ],
  userInformation: { ...acceptInformation, commonExtendedNegotiations: [], userIdentityResponse: new Uint8Array(0) },
});
const dataPdu = (control: number, bytes: number): Uint8Array =>
  Buffer.concat([writeDataHeader(1, control, bytes), Buffer.alloc(bytes, 0x5a)]);
const parts: readonly Uint8Array[] = [
  requestPdu,
  acceptPdu,
  dataPdu(3, 40),
  dataPdu(1, 20),
  dataPdu(2, 300),
  dataPdu(0, 0),
  writeReleaseRequest(),
  writeReleaseResponse(),
  writeAbort({ source: 2, reason: 6 }),
  writeAssociateReject({ result: 1, source: 1, reason: 7 }),
];

function pick<T>(list: readonly T[]): T {
  const value = list[random(list.length)];
  if (value === undefined) throw new RangeError('empty list');
  return value;
}

/** Some edits of bytes: flips, interesting numbers, cuts, insertions, repetitions. */
function mutate(input: Uint8Array): Uint8Array {
  let bytes = Buffer.from(input);
  for (let edits = random(6); edits > 0 && bytes.length > 0; edits -= 1) {
    const at = random(bytes.length);
    const kind = random(7);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    else if (kind === 1)
      bytes[at] = pick([0, 1, 2, 3, 0x10, 0x20, 0x21, 0x30, 0x40, 0x50, 0x51 + random(9), 0x7f, 0xff]);
    else if (kind === 2) bytes = bytes.subarray(0, at);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(8))]);
    else if (kind === 4) {
      const from = random(bytes.length);
      const piece = bytes.subarray(from, from + 1 + random(100));
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    } else if (kind === 5 && at + 2 <= bytes.length) {
      bytes.writeUInt16BE((bytes.readUInt16BE(at) + pick([-4, -2, -1, 1, 2, 4, 0x7fff]) + 0x10000) & 0xffff, at);
    } else if (at + 4 <= bytes.length) {
      bytes.writeUInt32BE(pick([0, 1, 2, 3, 4, 5, 6, 67, 68, limits.pduLengthBytesMax, 0x7fffffff, 0xffffffff]), at);
    }
  }
  return bytes;
}

/** Only errors of the peer's bytes may come out. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof LeadglassError, `not a LeadglassError: ${String(error)}`);
    assert.ok(error.code === 'MALFORMED' || error.code === 'LIMIT_EXCEEDED', error.code);
    return undefined;
  }
}

function fuzzCodec(): void {
  const body = mutate(pick([requestPdu, acceptPdu]).subarray(6));
  input = body;
  const asked = attempt(() => readAssociateRequest(body, limits));
  if (asked !== undefined) {
    assert.deepEqual(readAssociateRequest(writeAssociateRequest(asked).subarray(6), limits), asked);
  }
  const answered = attempt(() => readAssociateAccept(body, limits));
  if (answered !== undefined) {
    assert.deepEqual(readAssociateAccept(writeAssociateAccept(answered).subarray(6), limits), answered);
  }
}

/** What a reader says about a stream, independent of the way it was cut: fragments that follow each other are joined. */
function transcript(chunks: readonly Uint8Array[]): string {
  const reader = new PduReader(limits);
  const said: string[] = [];
  let lastKey = '';
  for (const chunk of chunks) {
    reader.push(chunk);
    for (;;) {
      let event;
      try {
        event = reader.next();
      } catch (error) {
        assert.ok(error instanceof LeadglassError, String(error));
        return [...said, error.message].join('\n');
      }
      if (event === undefined) break;
      if (event.kind === 'pdu') {
        said.push(`${event.type} ${Buffer.from(event.body).toString('hex')}`);
        lastKey = '';
        continue;
      }
      const { presentationContextId, isCommand, isLast, data } = event.fragment;
      const key = `${presentationContextId} ${isCommand ? 'command' : 'data'} `;
      if (key !== lastKey) said.push(key);
      said[said.length - 1] += Buffer.from(data).toString('hex');
      lastKey = isLast ? '' : key;
      if (isLast) said.push('last');
    }
  }
  return said.join('\n');
}

function stream(): Uint8Array {
  return Buffer.concat(Array.from({ length: 1 + random(5) }, () => mutate(pick(parts))));
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(random(2) === 0 ? 8 : 200);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

function fuzzReader(): void {
  const bytes = stream();
  input = bytes;
  assert.equal(transcript(cut(bytes)), transcript([bytes]));
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

async function fuzzMachine(): Promise<void> {
  const [ours, theirs] = duplexPair();
  let now = 0;
  const timers = new Set<Timer>();
  const clock = {
    now: () => now,
    after: (ms: number, run: () => void) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const asAcceptor = random(2) === 0;
  const opening = random(4) === 0 ? mutate(asAcceptor ? requestPdu : acceptPdu) : asAcceptor ? requestPdu : acceptPdu;
  const bytes = Buffer.concat([opening, stream()]);
  input = bytes;
  const options = { limits, clock };
  const sink = (association: {
    respondRelease(): Promise<void>;
  }): Parameters<Awaited<ReturnType<typeof requestAssociation>>['receive']>[0] => ({
    fragment: () => (random(3) === 0 ? Promise.resolve() : undefined),
    releaseRequested: () => void association.respondRelease().catch(() => {}),
    ended: () => {},
  });
  const done = asAcceptor
    ? acceptAssociation(ours, options).then(async (incoming) => {
        const { contexts } = negotiate(incoming.request, {
          transferSyntaxes: () => [TransferSyntaxes.ImplicitVrLittleEndian, TransferSyntaxes.ExplicitVrLittleEndian],
          roles: () => ({ requestorScu: true, requestorScp: true }),
        });
        const association = incoming.accept({ contexts });
        association.receive(sink(association));
        if (random(4) === 0) association.release().catch(() => {});
        return association.ended;
      })
    : requestAssociation(ours, request, options).then(async (association) => {
        association.receive(sink(association));
        if (random(4) === 0) association.release().catch(() => {});
        return association.ended;
      });
  const progress = { settled: false };
  const watched = done.then(
    () => (progress.settled = true),
    (error: unknown) => {
      assert.ok(error instanceof LeadglassError && error.code !== 'INTERNAL', String(error));
      progress.settled = true;
    },
  );
  theirs.on('error', () => {});
  theirs.resume();
  for (const chunk of cut(bytes)) {
    if (!theirs.writable) break;
    theirs.write(chunk);
    if (random(4) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
  // Time alone must end it, whatever the peer does not do.
  for (let turn = 0; turn < 20 && !(progress.settled && ours.destroyed); turn += 1) {
    const [next] = [...timers].toSorted((a, b) => a.at - b.at);
    if (next !== undefined) {
      timers.delete(next);
      now = next.at;
      next.run();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(progress.settled, 'the association did not come to an end');
  assert.ok(ours.destroyed, 'the socket was not closed');
  assert.equal(timers.size, 0, 'a timer was left over');
  await watched;
  theirs.destroy();
}

process.on('unhandledRejection', (error) => {
  process.stderr.write(`seed ${seed}: unhandled rejection: ${String(error)}\n`);
  process.exit(1);
});

const end = Date.now() + Number(values.seconds) * 1000;
let runs = 0;
while (Date.now() < end) {
  const before = randomState;
  try {
    fuzzCodec();
    fuzzReader();
    if (runs % 4 === 0) await fuzzMachine();
  } catch (error) {
    process.stderr.write(
      `run ${runs} of seed ${seed}, repeat with --seed ${before}\ninput ${Buffer.from(input).toString('hex')}\n`,
    );
    throw error;
  }
  runs += 1;
}
process.stdout.write(`${runs} runs from seed ${seed}, no findings\n`);
