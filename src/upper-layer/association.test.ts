/** Established associations: both roles, every way to end, time by a fake clock; and over real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from './acceptor.ts';
import type { Association } from './association.ts';
import {
  writeAbort,
  writeAssociateReject,
  writeAssociateRequest,
  writeReleaseRequest,
  writeReleaseResponse,
} from './pdu.ts';
import { abortOf, rejectionOf } from './protocol-error.ts';
import { requestAssociation } from './requestor.ts';
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
import type { UpperLayerLimits } from './upper-layer-limits.ts';

interface Established {
  readonly peer: RawPeer;
  readonly clock: FakeClock;
  readonly association: Association;
  readonly sink: RecordingSink;
}

/** Read anew each time: what a sink noted changes behind the compiler's back. */
function endKind(sink: RecordingSink): string | undefined {
  return sink.end?.kind;
}

async function establish(
  role: 'acceptor' | 'requestor',
  changes: Partial<UpperLayerLimits> = {},
  requestPdu: Uint8Array = writeAssociateRequest(echoRequest),
): Promise<Established> {
  const peer = new RawPeer();
  const clock = new FakeClock();
  const options = { limits: { ...limits, ...changes }, clock };
  let association: Association;
  if (role === 'acceptor') {
    const incoming = acceptAssociation(peer.ours, options);
    await peer.send(requestPdu);
    association = acceptAll(await incoming);
  } else {
    const requested = requestAssociation(peer.ours, echoRequest, options);
    await peer.send(echoAcceptPdu);
    association = await requested;
  }
  await settle();
  const sink = new RecordingSink();
  association.receive(sink);
  return { peer, clock, association, sink };
}

async function failure(promise: Promise<unknown>): Promise<LeadglassError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof LeadglassError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'did not fail' });
}

const bothRoles = ['acceptor', 'requestor'] as const;
const command = new Uint8Array(4);

for (const role of bothRoles) {
  test(`as ${role}: the peer asks to release, we answer, it closes`, async () => {
    const { peer, clock, association, sink } = await establish(role);
    await peer.send(writeReleaseRequest());
    assert.equal(sink.releases, 1);
    // PS3.8 9.2, AR-7: what is still to be sent goes out before the answer.
    const sent = association.sendCommand(1, command);
    const responded = association.respondRelease();
    await sent;
    await responded;
    await settle();
    assert.deepEqual(peer.received().slice(1), ['P-DATA-TF', 'A-RELEASE-RP']);
    assert.deepEqual(sink.end, { kind: 'released' });
    peer.socket.end();
    await association.closed;
    assert.equal(clock.timers.size, 0);
  });

  test(`as ${role}: we ask to release, data still comes in, the peer answers`, async () => {
    const { peer, clock, association, sink } = await establish(role);
    const released = association.release();
    await settle();
    await peer.send(dataPdu(1, 3, Uint8Array.of(1, 2)));
    assert.equal(sink.fragments.length, 1);
    await peer.send(writeReleaseResponse());
    await released;
    assert.ok(peer.ended);
    peer.socket.end();
    await association.closed;
    assert.equal(clock.timers.size, 0);
  });

  test(`as ${role}: a peer that does not answer our release is aborted after the release timeout`, async () => {
    const { peer, clock, association } = await establish(role);
    const released = failure(association.release());
    await settle();
    await clock.pass(limits.releaseTimeoutMs - 1);
    assert.deepEqual(peer.received().slice(1), ['A-RELEASE-RQ']);
    await clock.pass(1);
    assert.equal((await released).code, 'TIMED_OUT');
    assert.deepEqual(peer.received().slice(1), ['A-RELEASE-RQ', 'A-ABORT 0/0/0']);
    await clock.pass(limits.artimMs);
    assert.ok(peer.ours.destroyed);
    assert.equal(clock.timers.size, 0);
  });

  test(`as ${role}: our abort and the peer's abort end at once`, async () => {
    const ours = await establish(role);
    ours.association.abort();
    assert.deepEqual(
      [ours.sink.end?.kind, ours.sink.end?.kind === 'aborted' && ours.sink.end.by],
      ['aborted', 'local'],
    );
    await settle();
    assert.deepEqual(ours.peer.received().slice(1), ['A-ABORT 0/0/0']);
    await ours.clock.pass(limits.artimMs);
    assert.ok(ours.peer.ours.destroyed);
    ours.association.abort(); // without effect

    const theirs = await establish(role);
    await theirs.peer.send(writeAbort({ source: 2, reason: 5 }));
    const { end } = theirs.sink;
    assert.ok(end?.kind === 'aborted' && end.by === 'peer');
    assert.deepEqual(abortOf(end.error), { source: 2, reason: 5 });
    assert.equal((await failure(theirs.association.sendCommand(1, command))).code, 'PEER_FAILED');
  });

  test(`as ${role}: a peer that hangs up without release is reported as closed`, async () => {
    const { peer, association, sink, clock } = await establish(role);
    peer.socket.end();
    await settle();
    assert.equal(sink.end?.kind, 'closed');
    await association.closed;
    assert.equal(clock.timers.size, 0);
  });

  test(`as ${role}: an invalid PDU is answered by its reason`, async () => {
    const { peer, sink } = await establish(role);
    await peer.send(Uint8Array.of(9, 0, 0, 0, 0, 0));
    assert.deepEqual(peer.received().slice(1), ['A-ABORT 0/2/1']);
    assert.ok(sink.end?.kind === 'failed' && sink.end.error.code === 'MALFORMED');
  });

  test(`as ${role}: A-RELEASE-RP without a request is an unexpected PDU`, async () => {
    const { peer } = await establish(role);
    await peer.send(writeReleaseResponse());
    assert.deepEqual(peer.received().slice(1), ['A-ABORT 0/2/2']);
  });

  test(`as ${role}: data in an unknown context and mixed messages are invalid`, async () => {
    const unknown = await establish(role);
    await unknown.peer.send(dataPdu(3, 3, Uint8Array.of(1, 2)));
    assert.deepEqual(unknown.peer.received().slice(1), ['A-ABORT 0/2/6']);
    const mixed = await establish(role);
    await mixed.peer.send(dataPdu(1, 1, Uint8Array.of(1, 2)), dataPdu(1, 2, Uint8Array.of(3, 4)));
    assert.deepEqual(mixed.peer.received().slice(1), ['A-ABORT 0/2/6']);
    assert.equal(mixed.sink.fragments.length, 1);
  });

  test(`as ${role}: an idle peer is aborted; one that only trickles bytes counts as idle`, async () => {
    const { peer, clock, sink } = await establish(role);
    const pdu = dataPdu(1, 3, new Uint8Array(400));
    const step = limits.associationIdleMs / 4;
    await clock.pass(step * 3);
    await peer.send(pdu); // a whole one: the time starts again
    for (let turn = 0; turn < 4; turn += 1) {
      assert.equal(endKind(sink), undefined);
      await peer.send(pdu.subarray(turn, turn + 1));
      await clock.pass(step);
    }
    assert.ok(sink.end?.kind === 'failed' && sink.end.error.code === 'TIMED_OUT');
  });

  test(`as ${role}: no idleness while we work for the peer or hold it back`, async () => {
    const { peer, clock, association, sink } = await establish(role);
    const done = association.busy();
    await clock.pass(limits.associationIdleMs * 3);
    done();
    const written = Promise.withResolvers<void>();
    sink.onFragment = () => written.promise;
    await peer.send(dataPdu(1, 3, command));
    await clock.pass(limits.associationIdleMs * 3);
    assert.equal(endKind(sink), undefined);
    written.resolve();
    await settle();
    await clock.pass(limits.associationIdleMs * 2);
    assert.equal(endKind(sink), 'failed');
  });
}

test('release collision as requestor: we answer, then take the answer of the acceptor', async () => {
  const { peer, association, sink } = await establish('requestor');
  const released = association.release();
  await settle();
  await peer.send(writeReleaseRequest());
  assert.equal(sink.releases, 1);
  await association.respondRelease();
  await settle();
  assert.deepEqual(peer.received().slice(1), ['A-RELEASE-RQ', 'A-RELEASE-RP']);
  await peer.send(writeReleaseResponse());
  await released;
});

test('release collision as acceptor: we take the answer of the requestor, then answer', async () => {
  const { peer, clock, association, sink } = await establish('acceptor');
  const released = association.release();
  await settle();
  await peer.send(writeReleaseRequest());
  assert.equal(sink.releases, 1);
  await association.respondRelease(); // too early by the table: kept until AR-10
  await settle();
  assert.deepEqual(peer.received().slice(1), ['A-RELEASE-RQ']);
  await peer.send(writeReleaseResponse());
  await released;
  assert.deepEqual(peer.received().slice(1), ['A-RELEASE-RQ', 'A-RELEASE-RP']);
  await clock.pass(limits.artimMs);
  assert.ok(peer.ours.destroyed);
  assert.equal(clock.timers.size, 0);
});

test('a pending promise of the sink stops the delivery; nothing is lost or reordered', async () => {
  const { peer, sink } = await establish('acceptor');
  const waits: (() => void)[] = [];
  sink.onFragment = () => new Promise((resolve) => waits.push(resolve));
  const pdus = [1, 2, 3].map((value) => dataPdu(1, value === 3 ? 2 : 0, Uint8Array.of(value, value)));
  await peer.send(Buffer.concat(pdus), writeReleaseRequest());
  assert.equal(sink.fragments.length, 1);
  for (let count = 1; count <= 3; count += 1) {
    assert.equal(sink.fragments.length, count);
    assert.equal(sink.releases, 0);
    waits[count - 1]?.();
    await settle();
  }
  assert.deepEqual(
    sink.fragments.map((fragment) => fragment.data[0]),
    [1, 2, 3],
  );
  assert.equal(sink.releases, 1);
});

test('a sink that throws ends the association as our failure', async () => {
  for (const onFragment of [() => Promise.reject(new Error('disk')), () => assert.fail('disk')]) {
    const { peer, sink } = await establish('acceptor');
    sink.onFragment = onFragment;
    await peer.send(dataPdu(1, 3, command));
    assert.deepEqual(peer.received().slice(1), ['A-ABORT 0/0/0']);
    assert.ok(sink.end?.kind === 'failed' && sink.end.error.code === 'INTERNAL');
  }
});

test('bytes that come right behind the acceptance wait for the sink', async () => {
  const peer = new RawPeer();
  const requested = requestAssociation(peer.ours, echoRequest, { limits, clock: new FakeClock() });
  await peer.send(Buffer.concat([echoAcceptPdu, dataPdu(1, 3, command)]), dataPdu(1, 3, command));
  const association = await requested;
  await settle();
  const sink = new RecordingSink();
  association.receive(sink);
  await settle();
  assert.equal(sink.fragments.length, 2);
});

test('messages are cut to the maximum length of the peer, in even fragments, and concurrent ones do not mix', async () => {
  const maximumLength = 1031;
  const request = { ...echoRequest, userInformation: { ...echoRequest.userInformation, maximumLength } };
  const { peer, association } = await establish('acceptor', {}, writeAssociateRequest(request));
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const length of [1, 0, 3000, 24]) yield new Uint8Array(length).fill(7);
  }
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  await Promise.all([
    association.sendMessage(1, command, source()),
    association.sendMessage(1, command, new Uint8Array(1024)),
    association.sendMessage(1, command, nothing()),
  ]);
  await settle();
  const bytes = Buffer.from(peer.bytes());
  const seen: number[][] = [];
  for (let at = 6 + bytes.readUInt32BE(2); at < bytes.length; at += 6 + bytes.readUInt32BE(at + 2)) {
    assert.ok(bytes.readUInt32BE(at + 2) <= maximumLength);
    seen.push([bytes[at + 11] ?? -1, bytes.readUInt32BE(at + 6) - 2]);
  }
  assert.deepEqual(seen, [
    [3, 4],
    [0, 1024],
    [0, 1024],
    [2, 977],
    [3, 4],
    [2, 1024],
    [3, 4],
    [2, 0],
  ]);
});

test('a source that fails before anything was sent leaves the association usable; later it is aborted', async () => {
  const { peer, association, sink } = await establish('acceptor');
  async function* failing(lengths: readonly number[]): AsyncGenerator<Uint8Array> {
    for (const length of lengths) yield new Uint8Array(length);
    throw new LeadglassError('BACKEND_UNAVAILABLE', 'Cannot read the archive');
  }
  assert.equal((await failure(association.sendMessage(1, command, failing([10])))).code, 'BACKEND_UNAVAILABLE');
  await association.sendCommand(1, command);
  const large = failing([1_000_000, 1_000_000]);
  assert.equal((await failure(association.sendMessage(1, command, large))).code, 'BACKEND_UNAVAILABLE');
  assert.equal(endKind(sink), 'failed');
  await settle();
  assert.equal(peer.received().at(-1), 'A-ABORT 0/0/0');
});

test('a message whose source hangs is rejected when the association ends', async () => {
  const { peer, association } = await establish('requestor');
  async function* hanging(): AsyncGenerator<Uint8Array> {
    await new Promise(() => {});
    yield new Uint8Array(0);
  }
  const sent = failure(association.sendMessage(1, command, hanging()));
  const queued = failure(association.sendCommand(1, command));
  await peer.send(writeAbort({ source: 0, reason: 0 }));
  assert.equal((await sent).code, 'PEER_FAILED');
  assert.equal((await queued).code, 'PEER_FAILED');
});

test('a context that was not accepted is refused here and not sent', async () => {
  const { association } = await establish('requestor');
  assert.equal((await failure(association.sendCommand(3, command))).code, 'BAD_REQUEST');
  await association.sendCommand(1, command);
});

test('an association ends when a direction has carried its bytes', async () => {
  const received = await establish('acceptor', { associationBytesMax: 600 });
  await received.peer.send(dataPdu(1, 3, new Uint8Array(600)));
  assert.ok(received.sink.end?.kind === 'failed' && received.sink.end.error.code === 'LIMIT_EXCEEDED');
  const sent = await establish('acceptor', { associationBytesMax: 600 });
  await sent.association.sendMessage(1, command, new Uint8Array(600)).catch(() => {});
  assert.ok(sent.sink.end?.kind === 'failed' && sent.sink.end.error.code === 'LIMIT_EXCEEDED');
});

test('a rejected request carries the rejection as facts and as a sentence', async () => {
  const peer = new RawPeer();
  const requested = failure(requestAssociation(peer.ours, echoRequest, { limits, clock: new FakeClock() }));
  await peer.send(writeAssociateReject({ result: 1, source: 1, reason: 7 }));
  const error = await requested;
  assert.deepEqual(rejectionOf(error), { result: 1, source: 1, reason: 7 });
  assert.equal(error.code, 'NOT_AUTHENTICATED');
  assert.match(error.message, /permanent, by the service-user: called AE title not recognized/);
});

test('a requestor waits for its answer no longer than its own timeout, and names what answered instead', async () => {
  const silent = new RawPeer();
  const clock = new FakeClock();
  const waiting = failure(requestAssociation(silent.ours, echoRequest, { limits, clock }));
  await clock.pass(limits.acceptTimeoutMs);
  assert.equal((await waiting).code, 'TIMED_OUT');
  await clock.pass(limits.artimMs);
  assert.equal(clock.timers.size, 0);
  const tls = new RawPeer();
  const answered = failure(requestAssociation(tls.ours, echoRequest, { limits, clock: new FakeClock() }));
  await tls.send(Buffer.from('15030300020228', 'hex'));
  assert.match((await answered).detail ?? '', /the peer expects TLS/);
});

async function listen(serve: (socket: Socket) => void): Promise<{ port: number; close: () => void }> {
  const server = createServer(serve).listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, close: () => server.close() };
}

test('over real sockets a message of several PDUs arrives whole and both sides end as released', async () => {
  const served = Promise.withResolvers<{ bytes: number; association: Association }>();
  const server = await listen((socket) => {
    void acceptAssociation(socket, { limits }).then((incoming) => {
      const association = acceptAll(incoming);
      let bytes = 0;
      association.receive({
        fragment: (fragment) => {
          if (!fragment.isCommand) bytes += fragment.data.length;
        },
        releaseRequested: () => void association.respondRelease(),
        ended: () => served.resolve({ bytes, association }),
      });
      return undefined;
    });
  });
  const association = await requestAssociation(connect(server.port, '127.0.0.1'), echoRequest, { limits });
  await association.sendMessage(1, command, new Uint8Array(3_000_000));
  await association.release();
  const result = await served.promise;
  server.close();
  assert.equal(result.bytes, 3_000_000);
  assert.equal((await result.association.ended).kind, 'released');
  await result.association.closed;
  await association.closed;
});

test('a connection that is reset in the middle of a message fails on both directions and is never unhandled', async () => {
  const server = await listen((socket) => {
    void acceptAssociation(socket, { limits }).then((incoming) => {
      acceptAll(incoming);
      setTimeout(() => socket.resetAndDestroy(), 20);
      return undefined;
    });
  });
  const association = await requestAssociation(connect(server.port, '127.0.0.1'), echoRequest, { limits });
  association.receive(new RecordingSink());
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(65536);
  }
  assert.equal((await failure(association.sendMessage(1, command, endless()))).code, 'PEER_FAILED');
  const reason = await association.ended;
  assert.ok(reason.kind === 'failed' && /ECONNRESET|EPIPE/.test(reason.error.message), reason.kind);
  await association.closed;
  server.close();
});

test('a port that nobody listens on is a failure with its system name', async () => {
  const server = await listen(() => {});
  server.close();
  const error = await failure(requestAssociation(connect(server.port, '127.0.0.1'), echoRequest, { limits }));
  assert.match(error.message, /Cannot connect: ECONNREFUSED/);
});
