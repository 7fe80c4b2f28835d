/**
 * Data sets that drip: a device that has been let in begins a C-STORE and sends a byte now and then, for ever. The door's limits
 * are shortened, so that the test does not take the minutes that a real association has; others store meanwhile.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../../bench/support/raw-association.ts';
import { associateRequest, dataPdus, storeRequest } from '../../bench/support/raw-dicom.ts';
import { MemoryBackend } from '../../src/backends/memory/memory-backend.ts';
import { dataSetLimits, passFor } from '../../src/backends/backend.test-support.ts';
import { isEvidenceSopClass, isStorageSopClass } from '../../src/dicom/sop-class.ts';
import { knownUid } from '../../src/dicom/uid.ts';
import { type DimseDoor, startDimseDoor } from '../../src/doors/dimse/dimse-door.ts';
import { HeldInstances } from '../../src/doors/dimse/held-instances.ts';
import { enrol, type House, makeHouse, startMs, dayMs } from '../../src/guard/test-support.ts';
import { limits } from '../../src/limits.ts';
import { quietLog } from '../../src/log.ts';
import { servicesInThread } from '../../src/transcoding/transcoding.test-support.ts';
import { RawSocket, Sender, slice, storeContext } from '../faults/raw-peer.ts';

/** A PDU must be whole, and a data set must have brought some bytes, within so long. */
const patienceMs = 600;
let house: House;
let backend: MemoryBackend;
let door: DimseDoor;
let target: Target;
let stored = 0;

before(async () => {
  house = makeHouse({ sopClasses: { isStorage: isStorageSopClass, isEvidence: isEvidenceSopClass } });
  backend = new MemoryBackend({ dataSetLimits, retentionDays: 1 });
  const unused = (): Promise<never> => Promise.reject(new Error('not in this test'));
  door = await startDimseDoor({
    name: 'plain CT1',
    host: '127.0.0.1',
    port: 0,
    certificateFacts: () => {
      throw new Error('not in this test');
    },
    services: {
      guard: house.guard,
      backend,
      aeTitle: 'LEADGLASS',
      connectToMoveDestination: unused,
      commitmentReports: { deliver: () => undefined },
      heldInstances: new HeldInstances(limits),
      transcoding: servicesInThread(),
      limits: {
        upperLayer: { ...limits, associationIdleMs: patienceMs },
        dimse: { ...limits.dimse, identifier: limits.identifier },
        query: limits.query,
        retrieveInstancesMax: 100,
        retrieveAhead: 2,
        retrieveUidsMax: 100,
        dataSetPaceMs: patienceMs,
        dataSetPaceBytesMin: 1024,
      },
      log: quietLog,
    },
    limits,
  });
  enrol(house.store, {
    doors: ['dimse-plain'],
    addresses: ['127.0.0.1/32'],
    plain: { risk: 'test', port: door.port },
    validUntilMs: startMs + 30 * dayMs,
  });
  target = { host: '127.0.0.1', port: door.port, calling: 'CT1', called: 'LEADGLASS' };
});

after(async () => {
  await door.stop();
  await house[Symbol.asyncDispose]();
});

/** On an association where a C-STORE-RQ was sent; its data set is due. */
async function beginStore(instance: ReturnType<typeof slice>): Promise<RawSocket> {
  const socket = await RawSocket.open(target);
  const { calling, called } = target;
  socket.write(associateRequest({ calling, called, contexts: [storeContext], maximumLength: 16_384 }));
  const answer = await socket.next();
  assert.ok(answer !== 'closed' && answer.type === 2);
  const request = storeRequest(1, instance.sopClassUid, instance.sopInstanceUid);
  for (const piece of dataPdus(1, true, [request], 16_384)) socket.write(piece);
  return socket;
}

async function isStored(sopInstanceUid: string): Promise<boolean> {
  const keys = { sopInstanceUids: [knownUid(sopInstanceUid)] };
  const found = backend.retrieve(passFor({ kind: 'retrieve', via: 'get', level: 'IMAGE', keys }));
  return (await Array.fromAsync(found)).length > 0;
}

/** Drips `next` every 20 ms, stores beside it, and tells how the slow association ended and after how long. */
async function drip(socket: RawSocket, next: () => Buffer): Promise<{ types: readonly number[]; tookMs: number }> {
  const began = performance.now();
  const timer = setInterval(() => socket.write(next()), 20);
  let beside = 0;
  try {
    const ended = socket.typesUntilClosed(20 * patienceMs);
    const over = ended.then(
      () => true,
      () => true,
    );
    while (!(await Promise.race([over, sleep(30, false)]))) {
      const sender = await Sender.open(target);
      stored += 1;
      beside += 1;
      assert.equal(await sender.store(slice('slow-beside', 1, stored)), 0);
      await sender.release();
    }
    const types = await ended;
    assert.ok(beside > 3, `only ${beside} others stored meanwhile`);
    return { types, tookMs: performance.now() - began };
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** Waits until a record says this; the connection ends a little before its session does. */
async function recorded(from: number, words: RegExp): Promise<void> {
  const until = performance.now() + 5000;
  const says = (): boolean =>
    house.ledger.records.slice(from).some(({ event }) => words.test(event.event.outcomeDescription ?? ''));
  while (!says() && performance.now() < until) await sleep(20);
  assert.ok(says(), String(words));
}

/** The data set in PDUs of so many bytes each. */
function pdusOf(instance: ReturnType<typeof slice>, dataBytes: number): Buffer[] {
  const all = Buffer.concat([instance.header, instance.pixels]);
  const pdus: Buffer[] = [];
  for (let at = 0; at < all.length; at += dataBytes) {
    const data = all.subarray(at, at + dataBytes);
    const head = Buffer.alloc(12);
    head.writeUInt8(4, 0);
    head.writeUInt32BE(data.length + 6, 2);
    head.writeUInt32BE(data.length + 2, 6);
    head.writeUInt8(1, 10);
    head.writeUInt8(at + dataBytes >= all.length ? 2 : 0, 11);
    pdus.push(Buffer.concat([head, data]));
  }
  return pdus;
}

for (const [number, what, pieces] of [
  [1, 'a byte of one PDU at a time', (all: Buffer[]) => [...Buffer.concat(all)].map((byte) => Buffer.from([byte]))],
  [2, 'a whole PDU of one byte at a time', (all: Buffer[]) => all],
] as const) {
  test(`a data set that drips ${what} ends its association after the limit while others store, and is not kept`, async () => {
    const instance = slice('slow', 1, number);
    const socket = await beginStore(instance);
    const recordsBefore = house.ledger.records.length;
    const rest = pieces(pdusOf(instance, number === 1 ? 8192 : 1)).values();
    const { types, tookMs } = await drip(socket, () => rest.next().value ?? Buffer.alloc(0));
    assert.deepEqual(types, [7], 'an A-ABORT and no answer');
    assert.ok(tookMs >= patienceMs && tookMs < 4 * patienceMs, `${tookMs.toFixed(0)} ms`);
    assert.equal(await isStored(instance.sopInstanceUid), false);
    await recorded(recordsBefore, /1 failed before their study was known/);
  });
}

test('a data set that comes slowly but steadily is stored', async () => {
  const instance = slice('slow', 1, 3);
  const socket = await beginStore(instance);
  // 8 KiB of pixels in pieces of 256 bytes every 40 ms: some 3.8 KiB in each time that has to bring one.
  for (const piece of pdusOf(instance, 256)) {
    socket.write(piece);
    await sleep(40);
  }
  const answer = await socket.next();
  assert.ok(answer !== 'closed' && answer.type === 4);
  assert.equal(await isStored(instance.sopInstanceUid), true);
  socket.close();
});

test('an association that waits between two instances is not hurried', async () => {
  const sender = await Sender.open(target);
  for (const number of [4, 5]) {
    assert.equal(await sender.store(slice('slow', 1, number)), 0);
    await sleep(patienceMs * 0.8);
  }
  await sender.release();
});
