/** Class 13 of the published failings: the peer is hostile when we are the client. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DataSet } from '../dicom/data-set.ts';
import { writeDataSet } from '../dicom/data-set-codec.ts';
import { SopClasses } from '../dicom/sop-class.ts';
import { knownUid } from '../dicom/uid.ts';
import { DimseClient } from './client.ts';
import type { InstanceReceiver, ReceivedInstance } from './client-retrieve.ts';
import { CommandField, type CStoreRequest, readCommandSet, writeCommandSet } from './command-set.ts';
import type { Status } from './status.ts';
import {
  contextOf,
  ctImageStorage,
  explicit,
  ScriptedAssociation,
  studyIdentifier,
  testLimits,
} from './test-support.ts';

const studyGet = SopClasses.StudyRootQueryRetrieveInformationModelGet;
const studyFind = SopClasses.StudyRootQueryRetrieveInformationModelFind;
const mrImageStorage = knownUid('1.2.840.10008.5.1.4.1.1.4');

const contexts = [
  contextOf(studyGet),
  contextOf(ctImageStorage, { id: 3, requestorScu: false, requestorScp: true }),
  contextOf(studyFind, { id: 5 }),
  // Accepted for sending only: the peer must not store here.
  contextOf(mrImageStorage, { id: 7 }),
  contextOf(SopClasses.Verification, { id: 9 }),
];

/** Operations that a test leaves unanswered end with it. */
const associations: ScriptedAssociation[] = [];
afterEach(() => {
  for (const association of associations.splice(0)) association.abort();
});

function client(
  limits: Partial<typeof testLimits> = {},
  window?: { readonly invoked: number; readonly performed: number },
) {
  const association = new ScriptedAssociation(contexts, {
    role: 'requestor',
    ...(window === undefined ? {} : { window }),
  });
  associations.push(association);
  return { association, client: new DimseClient(association, { dimseLimits: { ...testLimits, ...limits } }) };
}

const nothing = (): InstanceReceiver => ({
  write: () => undefined,
  end: () => Promise.resolve(undefined),
  abort: () => undefined,
});

/** A C-GET under way, its request seen by the peer. */
async function getting(
  onInstance: (instance: ReceivedInstance) => InstanceReceiver = nothing,
  limits: Partial<typeof testLimits> = {},
) {
  const { association, client: user } = client(limits, { invoked: 1, performed: 4 });
  const outcome = user.get(studyGet, studyIdentifier(), { instancesMax: 3, onInstance });
  outcome.catch(() => undefined);
  await association.sentCount(1);
  return { association, outcome, user };
}

const store = (messageId: number, more: Partial<CStoreRequest> = {}): Uint8Array =>
  writeCommandSet({
    commandField: CommandField.CStoreRq,
    hasDataSet: true,
    affectedSopClassUid: ctImageStorage,
    affectedSopInstanceUid: knownUid('1.2.3'),
    messageId,
    priority: 0,
    ...more,
  });
const getResponse = (status: Status, messageIdBeingRespondedTo = 1, hasDataSet = false): Uint8Array =>
  writeCommandSet({ commandField: CommandField.CGetRsp, hasDataSet, messageIdBeingRespondedTo, status });
const findResponse = (status: Status, hasDataSet = false): Uint8Array =>
  writeCommandSet({ commandField: CommandField.CFindRsp, hasDataSet, messageIdBeingRespondedTo: 1, status });

function lastStatus(association: ScriptedAssociation): number | undefined {
  const message = readCommandSet(association.sent.at(-1)?.command ?? new Uint8Array(0), testLimits);
  return 'status' in message ? message.status : undefined;
}

test('an instance whose UID is a path is refused before the receiver hears of it (CVE-2026-50003)', async () => {
  const { association } = await getting(() => assert.fail('not reached'));
  // The command set is made with a harmless UID of the same length, which then is overwritten.
  const command = store(1, { affectedSopInstanceUid: knownUid('1.2.3.4.5.6.7.8.90') });
  const at = Buffer.from(command).indexOf('1.2.3.4.5.6.7.8.90');
  command.set(Buffer.from('../../etc/cron.d/x'), at);
  await association.deliver(3, command, { data: new Uint8Array(100) });
  await association.sentCount(2);
  assert.equal(lastStatus(association), 0x0117);
  assert.equal(association.aborted, 0);
});

for (const [what, contextId, command] of [
  ['in a context for sending only', 7, store(1, { affectedSopClassUid: mrImageStorage })],
  ['of another SOP class than its context', 3, store(1, { affectedSopClassUid: mrImageStorage })],
] as const) {
  test(`an instance ${what} is refused`, async () => {
    const { association } = await getting(() => assert.fail('not reached'));
    await association.deliver(contextId, command, { data: new Uint8Array(10) });
    await association.sentCount(2);
    assert.equal(lastStatus(association), 0x0122);
  });
}

test('an instance that comes while nothing was asked for is refused', async () => {
  const { association } = client();
  await association.deliver(3, store(1), { data: new Uint8Array(10) });
  await association.sentCount(1);
  assert.equal(lastStatus(association), 0x0124);
});

test('an instance in a context that was not accepted aborts the association', async () => {
  const { association, outcome } = await getting();
  await association.deliver(11, store(1), { data: new Uint8Array(10) });
  assert.equal(association.aborted, 1);
  await assert.rejects(outcome, { code: 'PEER_FAILED' });
});

test('instances up to the limit are taken, one more aborts the association', async () => {
  const { association, outcome } = await getting();
  for (let id = 1; id <= 3; id += 1) {
    await association.deliver(3, store(id), { data: new Uint8Array(10) });
    await association.sentCount(id + 1);
  }
  assert.equal(association.aborted, 0);
  await association.deliver(3, store(4), { data: new Uint8Array(10) });
  await assert.rejects(outcome, { code: 'LIMIT_EXCEEDED' });
  assert.equal(association.aborted, 1);
});

test('a receiver that fails costs its instance only, and its error goes to the peer as a status', async () => {
  const { association, outcome } = await getting(() => {
    throw new Error('disk full at /home/user');
  });
  await association.deliver(3, store(1), { data: new Uint8Array(10) });
  await association.sentCount(2);
  assert.equal(lastStatus(association), 0x0110);
  assert.doesNotMatch(Buffer.from(association.sent.at(-1)?.command ?? []).toString('latin1'), /home/);
  await association.deliver(1, getResponse(0xb000));
  assert.equal((await outcome).status, 0xb000);
});

test('the end of the association in the middle of an instance aborts its receiver', async () => {
  let aborted = 0;
  const { association, outcome, user } = await getting(() => ({ ...nothing(), abort: () => void (aborted += 1) }));
  await association.deliver(3, store(1));
  await association.fragment(3, false, false, new Uint8Array(10));
  association.abort();
  await user.ended;
  assert.equal(aborted, 1);
  await assert.rejects(outcome, { code: 'PEER_FAILED' });
});

for (const [what, command] of [
  ['with a message id that was not sent', getResponse(0, 77)],
  ['of another service', findResponse(0)],
] as const) {
  test(`a response ${what} aborts the association`, async () => {
    const { association, outcome } = await getting();
    await association.deliver(1, command);
    assert.equal(association.aborted, 1);
    await assert.rejects(outcome, { code: 'PEER_FAILED' });
  });
}

test('a response in another context than its request aborts the association', async () => {
  const { association } = await getting();
  await association.deliver(5, getResponse(0));
  assert.equal(association.aborted, 1);
});

test('a second final response aborts the association', async () => {
  const { association, outcome } = await getting();
  await association.deliver(1, getResponse(0));
  assert.equal((await outcome).status, 0);
  await association.deliver(1, getResponse(0));
  assert.equal(association.aborted, 1);
});

test('pending responses without end are stopped at their limit', async () => {
  const { association, outcome } = await getting(nothing, { pendingResponsesMax: 50 });
  for (let count = 0; count < 50; count += 1) await association.deliver(1, getResponse(0xff00));
  assert.equal(association.aborted, 0);
  await association.deliver(1, getResponse(0xff00));
  assert.equal(association.aborted, 1);
  await assert.rejects(outcome, { code: 'PEER_FAILED', message: /51 pending responses, expected at most 50/ });
});

test('a pending response to an echo aborts the association', async () => {
  const { association, client: user } = client();
  const echo = user.echo();
  echo.catch(() => undefined);
  await association.sentCount(1);
  await association.deliver(
    9,
    writeCommandSet({
      commandField: CommandField.CEchoRsp,
      hasDataSet: false,
      messageIdBeingRespondedTo: 1,
      status: 0xff00,
    }),
  );
  await assert.rejects(echo, { code: 'PEER_FAILED' });
});

test('a peer that never answers is given up in time', async () => {
  const { association, client: user } = client({ responseMsMax: 30 });
  await assert.rejects(user.echo(), { code: 'TIMED_OUT' });
  assert.equal(association.aborted, 1);
});

test('after C-CANCEL pending responses buy a peer no more time', async () => {
  const { association, client: user } = client({ responseMsMax: 60 });
  const cancel = new AbortController();
  const outcome = user.get(studyGet, studyIdentifier(), {
    instancesMax: 1,
    onInstance: nothing,
    signal: cancel.signal,
  });
  outcome.catch(() => undefined);
  await association.sentCount(1);
  cancel.abort();
  await association.sentCount(2);
  const pending = setInterval(() => void association.deliver(1, getResponse(0xff00)), 5);
  await assert.rejects(outcome, { code: 'TIMED_OUT' });
  clearInterval(pending);
});

test('the answer of a cancelled retrieval is its status', async () => {
  const { association, client: user } = client();
  const cancel = new AbortController();
  const outcome = user.get(studyGet, studyIdentifier(), {
    instancesMax: 1,
    onInstance: nothing,
    signal: cancel.signal,
  });
  await association.sentCount(1);
  cancel.abort();
  await association.sentCount(2);
  assert.deepEqual(readCommandSet(association.sent[1]?.command ?? new Uint8Array(0), testLimits), {
    commandField: CommandField.CCancelRq,
    hasDataSet: false,
    messageIdBeingRespondedTo: 1,
  });
  const list = new DataSet().set({ tag: 0x00080058, vr: 'UI', value: Buffer.from('1.2.3\\../x\\1.2.4 ') });
  await association.deliver(1, getResponse(0xfe00, 1, true), { data: writeDataSet(list, explicit) });
  const { status, failedSopInstanceUids } = await outcome;
  assert.equal(status, 0xfe00);
  assert.deepEqual(failedSopInstanceUids, ['1.2.3', '1.2.4']);
});

async function finding(limits: Partial<typeof testLimits> = {}) {
  const { association, client: user } = client(limits);
  const matches = user.find(studyFind, studyIdentifier(), { answersMax: 100 });
  const first = matches.next();
  first.catch(() => undefined);
  await association.sentCount(1);
  return { association, matches, first };
}

test('a match that is no data set, that is too large, or that is missing ends the query with an error', async () => {
  for (const [data, code] of [
    [new Uint8Array(20).fill(0xff), 'MALFORMED'],
    [writeDataSet(new DataSet().setText(0x00100010, 'PN', 'A'.repeat(5000)), explicit), 'LIMIT_EXCEEDED'],
    [undefined, 'PEER_FAILED'],
  ] as const) {
    const { association, first } = await finding({ identifierBytesMax: 1000 });
    await association.deliver(5, findResponse(0xff00, data !== undefined), data === undefined ? {} : { data });
    await assert.rejects(first, { code });
    assert.equal(association.aborted, 1);
  }
});

test('matches are read from the peer no faster than they are looked at', async () => {
  const { association, first, matches } = await finding();
  const data = writeDataSet(studyIdentifier(), explicit);
  let delivered = 0;
  const delivering = (async () => {
    for (; delivered < 20; delivered += 1) await association.deliver(5, findResponse(0xff00, true), { data });
    await association.deliver(5, findResponse(0));
  })();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(delivered <= 2, `${delivered} matches were read while the first was looked at`);
  let count = 1;
  for await (const _match of matches) count += 1;
  await delivering;
  assert.equal(count, 20);
});
