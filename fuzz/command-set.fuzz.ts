/**
 * Fuzzes command sets and what a provider makes of them: `node fuzz/command-set.fuzz.ts --seconds 60 [--seed 1]`. Mutates
 * real messages (bits, lengths, cuts, splices), feeds them to the reader, and, cut at random, to a whole provider.
 * Anything but a LeadglassError of the promised codes, or a message that does not survive being written again, is a finding:
 * it is printed in hex with its seed, and the exit status is 1.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { knownUid } from '../src/dicom/uid.ts';
import { SopClasses } from '../src/dicom/sop-class.ts';
import { CommandField, type DimseMessage, readCommandSet, writeCommandSet } from '../src/dimse/command-set.ts';
import type { DimseHandlers } from '../src/dimse/handlers.ts';
import { provide } from '../src/dimse/provider.ts';
import { contextOf, ctImageStorage, ScriptedAssociation, testLimits } from '../src/dimse/test-support.ts';
import { LeadglassError } from '../src/error.ts';
import { pick, seededRandom } from './mutate.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});

const uid = knownUid('1.2.840.113619.2.1.1');
const studyGet = SopClasses.StudyRootQueryRetrieveInformationModelGet;
const asked = { affectedSopClassUid: studyGet, messageId: 3, priority: 0 };
const requested = { requestedSopClassUid: SopClasses.StorageCommitmentPushModel, requestedSopInstanceUid: uid };
const messages: readonly DimseMessage[] = [
  { commandField: CommandField.CEchoRq, hasDataSet: false, messageId: 1, affectedSopClassUid: SopClasses.Verification },
  {
    commandField: CommandField.CStoreRq,
    hasDataSet: true,
    messageId: 2,
    affectedSopClassUid: ctImageStorage,
    affectedSopInstanceUid: uid,
    priority: 0,
    moveOriginatorApplicationEntityTitle: 'STATION',
    moveOriginatorMessageId: 9,
  },
  {
    commandField: CommandField.CStoreRsp,
    hasDataSet: false,
    messageIdBeingRespondedTo: 2,
    status: 0xa700,
    errorComment: 'no room',
    offendingElement: [0x00100020, 0x0020000d],
  },
  { commandField: CommandField.CFindRq, hasDataSet: true, ...asked },
  { commandField: CommandField.CGetRq, hasDataSet: true, ...asked },
  { commandField: CommandField.CMoveRq, hasDataSet: true, ...asked, moveDestination: 'ELSEWHERE' },
  {
    commandField: CommandField.CGetRsp,
    hasDataSet: false,
    messageIdBeingRespondedTo: 3,
    status: 0xff00,
    numberOfRemainingSuboperations: 7,
    numberOfCompletedSuboperations: 1,
  },
  { commandField: CommandField.NActionRq, hasDataSet: true, ...requested, messageId: 4, actionTypeId: 1 },
  {
    commandField: CommandField.NGetRq,
    hasDataSet: false,
    ...requested,
    messageId: 5,
    attributeIdentifierList: [0x00100010],
  },
  { commandField: CommandField.CCancelRq, hasDataSet: false, messageIdBeingRespondedTo: 3 },
];
const seeds = messages.map((message) => writeCommandSet(message));

const seed = Number(values.seed);
const below = seededRandom(seed);
const pickOne = <T>(from: readonly T[]): T => pick(from, below);

const lengths = [0, 1, 2, 3, 4, 7, 8, 0xff, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

function mutated(): Uint8Array {
  let bytes = pickOne(seeds).slice();
  for (let times = below(4); times >= 0; times -= 1) {
    const at = below(bytes.length || 1);
    const kind = below(7);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3 && bytes.length >= 4) {
      const even = Math.min(at & ~1, bytes.length - 4);
      new DataView(bytes.buffer).setUint32(even, pickOne(lengths), true);
    } else if (kind === 4) {
      const other = pickOne(seeds);
      bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
    } else if (kind === 5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - below(64)))]);
    else if (bytes.length >= 12) new DataView(bytes.buffer, bytes.byteOffset).setUint32(8, bytes.length - 12, true);
  }
  // Half of them get a group length that fits, so that the mutations behind it are looked at.
  if (bytes.length >= 12 && below(2) === 0) {
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(8, bytes.length - 12, true);
  }
  return bytes;
}

function isPromised(error: unknown): boolean {
  return error instanceof LeadglassError && (error.code === 'MALFORMED' || error.code === 'LIMIT_EXCEEDED');
}

function checkReader(bytes: Uint8Array): boolean {
  try {
    const message = readCommandSet(bytes, testLimits);
    if ('refused' in message) return true;
    if (!isDeepStrictEqual(readCommandSet(writeCommandSet(message), testLimits), message)) {
      throw new Error('the message changes when it is written and read again');
    }
    return true;
  } catch (error) {
    if (!isPromised(error)) throw error;
    return false;
  }
}

const handlers: DimseHandlers = {
  echo: async () => 0,
  store: () => ({ write: () => undefined, end: async () => ({ status: 0 }), abort: () => undefined }),
  async *find(_request, _context, identifier) {
    yield { identifier };
  },
  get: async () => ({ remaining: 0, completed: 1, failed: 0, warning: 0, failedSopInstanceUids: [] }),
  nAction: async () => ({ status: 0 }),
  errorStatus: () => ({ status: 0x0110, errorComment: '' }),
};
const abstractSyntaxes = [
  SopClasses.Verification,
  ctImageStorage,
  studyGet,
  SopClasses.StudyRootQueryRetrieveInformationModelFind,
  SopClasses.StorageCommitmentPushModel,
];

/** A provider must end, whatever came, once the association does. */
async function checkProvider(): Promise<void> {
  const association = new ScriptedAssociation(
    abstractSyntaxes.map((abstractSyntax, index) => contextOf(abstractSyntax, { id: index * 2 + 1 })),
    { window: { invoked: 3, performed: 3 } },
  );
  const served = provide(association, handlers, { limits: testLimits });
  for (let count = below(6); count >= 0; count -= 1) {
    const contextId = below(5) * 2 + 1;
    const command = below(2) === 0 ? pickOne(seeds) : mutated();
    const data = Buffer.from(Array.from({ length: below(40) }, () => below(256)));
    await association.deliver(contextId, command, { size: 1 + below(64), ...(below(3) > 0 ? { data } : {}) });
  }
  association.end({ kind: 'closed', error: new LeadglassError('PEER_FAILED', 'the end of this run') });
  await served;
}

let current: Uint8Array = new Uint8Array(0);
process.on('unhandledRejection', (error) => report(error));

function report(error: unknown): never {
  process.stderr.write(`finding with seed ${seed}: ${String(error)}\n${Buffer.from(current).toString('hex')}\n`);
  process.exit(1);
}

const until = performance.now() + Number(values.seconds) * 1000;
let runs = 0;
let read = 0;
try {
  while (performance.now() < until) {
    for (let count = 0; count < 500; count += 1) {
      current = mutated();
      if (checkReader(current)) read += 1;
      runs += 1;
    }
    for (let count = 0; count < 20; count += 1) await checkProvider();
  }
} catch (error) {
  report(error);
}
process.stdout.write(`${runs} command sets, ${read} of them readable, ${(runs / 500) * 20} providers, no finding\n`);
