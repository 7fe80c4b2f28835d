/** The accepting side against a peer that is driven byte by byte: refusals, silence, noise, early talk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError, type ErrorCode } from '../error.ts';
import { limits } from '../limits.ts';
import { acceptAssociation, type IncomingAssociation } from './acceptor.ts';
import type { AssociateRequest } from './association-types.ts';
import { writeAbort, writeAssociateRequest, writeReleaseRequest, writeReleaseResponse } from './pdu.ts';
import { rejectionOf } from './protocol-error.ts';
import type { UpperLayerLimits } from './upper-layer-limits.ts';
import {
  FakeClock,
  RawPeer,
  RecordingSink,
  acceptAll,
  dataPdu,
  echoAcceptPdu,
  echoRequest,
  settle,
} from './test-support.ts';

interface Opened {
  readonly peer: RawPeer;
  readonly clock: FakeClock;
  readonly incoming: Promise<IncomingAssociation>;
}

function open(changes: Partial<UpperLayerLimits> = {}): Opened {
  const peer = new RawPeer();
  const clock = new FakeClock();
  const incoming = acceptAssociation(peer.ours, { limits: { ...limits, ...changes }, clock });
  incoming.catch(() => {});
  return { peer, clock, incoming };
}

async function refusal(incoming: Promise<unknown>): Promise<LeadglassError> {
  try {
    await incoming;
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'was not refused' });
}

async function sendRequest(changes: Partial<AssociateRequest>): Promise<{ received: string[]; error: LeadglassError }> {
  const { peer, incoming, clock } = open();
  await peer.send(writeAssociateRequest({ ...echoRequest, ...changes }));
  const error = await refusal(incoming);
  const received = peer.received();
  await clock.pass(limits.artimMs);
  assert.ok(peer.ours.destroyed);
  assert.equal(clock.timers.size, 0);
  return { received, error };
}

test('protocol version without bit 0 is rejected, permanent, protocol-version-not-supported', async () => {
  const { received, error } = await sendRequest({ protocolVersion: 2 });
  assert.deepEqual(received, ['A-ASSOCIATE-RJ 1/2/2']);
  assert.equal(error.code, 'UNSUPPORTED');
  assert.deepEqual(rejectionOf(error), { result: 1, source: 2, reason: 2 });
});

test('protocol version bits other than bit 0 are not tested', async () => {
  const { peer, incoming } = open();
  await peer.send(writeAssociateRequest({ ...echoRequest, protocolVersion: 0xffff }));
  assert.equal((await incoming).request.protocolVersion, 0xffff);
});

test('AE titles of spaces only are rejected as not recognized', async () => {
  assert.deepEqual((await sendRequest({ calledAeTitle: '' })).received, ['A-ASSOCIATE-RJ 1/1/7']);
  assert.deepEqual((await sendRequest({ callingAeTitle: '   ' })).received, ['A-ASSOCIATE-RJ 1/1/3']);
});

test('another application context is rejected by its own reason', async () => {
  const { received } = await sendRequest({
    applicationContextName: echoRequest.userInformation.implementationClassUid,
  });
  assert.deepEqual(received, ['A-ASSOCIATE-RJ 1/1/2']);
});

test('a peer whose maximum length is too small to be of use is rejected, local-limit-exceeded', async () => {
  const withMaximum = (maximumLength: number) =>
    sendRequest({ userInformation: { ...echoRequest.userInformation, maximumLength } });
  assert.deepEqual((await withMaximum(limits.peerPduLengthBytesMin - 1)).received, ['A-ASSOCIATE-RJ 1/3/2']);
  const { peer, incoming } = open();
  const userInformation = { ...echoRequest.userInformation, maximumLength: limits.peerPduLengthBytesMin };
  await peer.send(writeAssociateRequest({ ...echoRequest, userInformation }));
  await incoming;
});

test('a well-formed request over a limit is rejected, local-limit-exceeded, not aborted', async () => {
  const { peer, incoming } = open({ transferSyntaxesPerContextMax: 0 });
  await peer.send(writeAssociateRequest(echoRequest));
  assert.equal((await refusal(incoming)).code, 'LIMIT_EXCEEDED');
  assert.deepEqual(peer.received(), ['A-ASSOCIATE-RJ 1/3/2']);
});

test('slowloris: one byte per second does not get more time than ARTIM', async () => {
  const { peer, clock, incoming } = open();
  const request = writeAssociateRequest(echoRequest);
  for (let second = 0; second < limits.artimMs / 1000; second += 1) {
    assert.ok(!peer.ours.destroyed, `closed after ${second} s`);
    peer.socket.write(request.subarray(second, second + 1));
    await clock.pass(1000);
  }
  assert.ok(peer.ours.destroyed);
  assert.equal((await refusal(incoming)).code, 'TIMED_OUT');
  assert.equal(clock.timers.size, 0);
});

test('a silent connection is closed after ARTIM, not before', async () => {
  const { peer, clock, incoming } = open();
  await clock.pass(limits.artimMs - 1);
  assert.ok(!peer.ours.destroyed);
  await clock.pass(1);
  assert.ok(peer.ours.destroyed);
  assert.equal((await refusal(incoming)).code, 'TIMED_OUT');
});

test('noise before a request is answered by A-ABORT of the service-user and the end of the stream', async () => {
  const cases: readonly (readonly [string, ErrorCode, RegExp])[] = [
    ['GET / HTTP/1.1\r\nHost: pacs\r\n\r\n', 'MALFORMED', /HTTP request/],
    ['\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'MALFORMED', /TLS hello on a plain port/],
    ['\x01\0\xff\xff\xff\xff', 'LIMIT_EXCEEDED', /header bytes/],
    ['\0\0\0\0\0\0\0\0\0\0', 'MALFORMED', /header bytes/],
  ];
  for (const [bytes, code, detail] of cases) {
    const { peer, clock, incoming } = open();
    await peer.send(Buffer.from(bytes, 'latin1'));
    const error = await refusal(incoming);
    assert.equal(error.code, code);
    assert.match(error.detail ?? '', detail);
    assert.deepEqual(peer.received(), ['A-ABORT 0/0/0']);
    assert.ok(peer.ended);
    await peer.send(Buffer.alloc(100_000, 0x41)); // still talking: dropped
    await clock.pass(limits.artimMs);
    assert.ok(peer.ours.destroyed);
    assert.equal(clock.timers.size, 0);
  }
});

test('any other PDU before a request is answered by A-ABORT of the service-user', async () => {
  for (const pdu of [echoAcceptPdu, dataPdu(1, 3, new Uint8Array(4)), writeReleaseRequest(), writeReleaseResponse()]) {
    const { peer, incoming } = open();
    await peer.send(pdu);
    assert.equal((await refusal(incoming)).code, 'PEER_FAILED');
    assert.deepEqual(peer.received(), ['A-ABORT 0/0/0']);
  }
});

test('a peer that aborts or hangs up before its request is complete leaves nothing behind', async () => {
  const aborted = open();
  await aborted.peer.send(writeAbort({ source: 0, reason: 0 }));
  assert.match((await refusal(aborted.incoming)).message, /aborted by the service-user/);
  assert.equal(aborted.clock.timers.size, 0);
  const closed = open();
  await closed.peer.send(writeAssociateRequest(echoRequest).subarray(0, 50));
  closed.peer.socket.end();
  assert.equal((await refusal(closed.incoming)).code, 'PEER_FAILED');
  assert.equal(closed.clock.timers.size, 0);
});

test('a peer that talks before it was answered is aborted as unexpected-PDU', async () => {
  const { peer, incoming } = open();
  await peer.send(writeAssociateRequest(echoRequest), dataPdu(1, 3, new Uint8Array(4)));
  const waiting = await incoming;
  const reason = await waiting.ended;
  assert.equal(reason.kind, 'failed');
  assert.deepEqual(peer.received(), ['A-ABORT 0/2/2']);
  assert.throws(() => acceptAll(waiting), LeadglassError);
});

test('a peer that leaves while its request is judged is noticed, and accepting it fails', async () => {
  const { peer, incoming, clock } = open();
  await peer.send(writeAssociateRequest(echoRequest));
  const waiting = await incoming;
  peer.socket.end();
  assert.equal((await waiting.ended).kind, 'closed');
  assert.throws(() => acceptAll(waiting), /the peer is gone/);
  assert.equal(clock.timers.size, 0);
});

test('reject and abort answer the request and wait for the peer no longer than ARTIM', async () => {
  const rejected = open();
  await rejected.peer.send(writeAssociateRequest(echoRequest));
  const closed = (await rejected.incoming).reject({ result: 2, source: 3, reason: 1 });
  await settle();
  assert.deepEqual(rejected.peer.received(), ['A-ASSOCIATE-RJ 2/3/1']);
  await rejected.clock.pass(limits.artimMs);
  await closed;
  const aborted = open();
  await aborted.peer.send(writeAssociateRequest(echoRequest));
  (await aborted.incoming).abort();
  await settle();
  assert.deepEqual(aborted.peer.received(), ['A-ABORT 0/0/0']);
  aborted.peer.socket.end();
  await settle();
  assert.equal(aborted.clock.timers.size, 0);
});

test('a second A-ASSOCIATE-RQ is an unexpected PDU', async () => {
  const { peer, incoming } = open();
  await peer.send(writeAssociateRequest(echoRequest));
  const association = acceptAll(await incoming);
  association.receive(new RecordingSink());
  await peer.send(writeAssociateRequest(echoRequest));
  assert.deepEqual(peer.received(), ['A-ASSOCIATE-AC', 'A-ABORT 0/2/2']);
  assert.equal((await association.ended).kind, 'failed');
});

test('the acceptance gives back bytes 11 to 74 of the request unchanged', async () => {
  const { peer, incoming } = open();
  const request = Buffer.from(writeAssociateRequest(echoRequest));
  request.write('  CALLED', 10, 'latin1');
  request[50] = 0xee; // reserved, but to be returned
  await peer.send(request);
  acceptAll(await incoming);
  await settle();
  assert.deepEqual(Buffer.from(peer.bytes().subarray(10, 74)), request.subarray(10, 74));
});
