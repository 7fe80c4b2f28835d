/**
 * A right that ends in the middle of what it allowed: a device is revoked, or its opening closed, while an instance of its own is half
 * here. Its association ends at once, nothing of the instance can be read, the ledger says what happened, others go on.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  associateRequest,
  ctImageStorage,
  dataPdus,
  explicitLittleEndian,
  storeRequest,
} from '../../bench/support/raw-dicom.ts';
import { bytesOf, fetchStudy, RawSocket, Sender, slice, storeContext } from '../faults/raw-peer.ts';
import { TestServer } from '../faults/server.ts';

let server: TestServer;

before(async () => {
  server = await TestServer.start();
  await server.addDevice('CT2');
});

after(async () => {
  await using ending = server;
  await ending.assertSound();
  assert.doesNotMatch(ending.log, /server\.failed|INTERNAL/);
});

/** Half of a large data set is on its way in small PDUs, the next one every 20 ms. */
async function slowTransfer(aeTitle: string, instance: ReturnType<typeof slice>) {
  const target = server.target(aeTitle);
  const socket = await RawSocket.open(target);
  const { calling, called } = target;
  socket.write(associateRequest({ calling, called, contexts: [storeContext], maximumLength: 16_384 }));
  const answer = await socket.next();
  assert.ok(answer !== 'closed' && answer.type === 2);
  const request = storeRequest(1, instance.sopClassUid, instance.sopInstanceUid);
  for (const piece of dataPdus(1, true, [request], 16_384)) socket.write(piece);
  const pieces = [...dataPdus(1, false, [bytesOf(instance)], 4096)];
  // dataPdus gives the head of a PDU and its bytes one after the other.
  const half = pieces.slice(0, pieces.length / 2);
  const rest = pieces.slice(half.length);
  for (const piece of half) socket.write(piece);
  const timer = setInterval(() => {
    const next = rest.shift();
    if (next !== undefined && rest.length > 2) socket.write(next);
  }, 20);
  await sleep(200);
  return { socket, stop: () => clearInterval(timer) };
}

/** What `device` sees of this study: the number of its instances. */
async function instancesSeenBy(device: string, studyInstanceUid: string): Promise<number> {
  return (await fetchStudy(server.target(device), studyInstanceUid)).size;
}

for (const [number, what, command, reason] of [
  [1, 'revoked', ['device', 'revoke'], /device-revoked/],
  [2, 'closed out', ['opening', 'close'], /opening-closed/],
] as const) {
  test(`a device that is ${what} in the middle of a slow transfer is cut off at once, and nothing of it is there`, async () => {
    const aeTitle = `SLOW${number}`;
    await server.addDevice(aeTitle);
    const whole = slice('revoked', number, 1);
    const first = await Sender.open(server.target(aeTitle));
    assert.equal(await first.store(whole), 0);
    const torn = slice('revoked', number, 2, 512);
    assert.equal(torn.studyInstanceUid, whole.studyInstanceUid);
    const { socket, stop } = await slowTransfer(aeTitle, torn);

    const idleEnded = assert.rejects(first.association.next(), 'the idle association of the device ends, too');
    const ended = socket.typesUntilClosed(10_000).then((types) => ({ types, atMs: performance.now() }));
    const result = await server.run(...command, aeTitle, '--reason', 'stolen from room 7');
    const answeredMs = performance.now();
    assert.equal(result.status, 0, result.stderr);
    const { types, atMs } = await ended;
    stop();
    socket.close();
    assert.deepEqual(types, [7], 'an A-ABORT, no answer to the C-STORE');
    assert.ok(atMs < answeredMs + 500, `cut off ${(atMs - answeredMs).toFixed(0)} ms after the command was answered`);
    await idleEnded;
    await assert.rejects(Sender.open(server.target(aeTitle)));

    // What was acknowledged stays, what was not is nowhere.
    assert.equal(await instancesSeenBy('CT2', whole.studyInstanceUid), 1);
    const about = await server.ledgerRecords('--who', aeTitle, '--since', '1m');
    const words = about.map(
      (record) => `${String(record['event'])} ${String(record['outcome'])} ${String(record['reason'])}`,
    );
    const ends = words.filter((line) => line.includes('Logout') && reason.test(line));
    assert.equal(ends.length, 2, words.join('\n'));
    // The instance never came so far that its study was named: the end of its session counts it.
    assert.match(
      ledgerText(),
      new RegExp(`\\(${reason.source}\\); 0 verifications, 0 operations refused, 1 failed before`),
    );

    const other = await Sender.open(server.target('CT2'));
    assert.equal(await other.store(slice('revoked-others', number, 1)), 0);
    await other.release();
  });
}

/** The ledger as it stands on the disk, messages included. */
function ledgerText(): string {
  const folder = join(server.data, 'ledger');
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  return files.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
}

test('what a device proposes beyond its opening is in one record, private storage classes too', async () => {
  await server.addDevice('GREEDY', 'acquisition');
  const target = server.target('GREEDY');
  const socket = await RawSocket.open(target);
  const { calling, called } = target;
  const abstractSyntaxes = [
    ctImageStorage,
    '1.3.12.2.1107.5.9.1',
    '1.2.840.10008.5.1.4.31',
    '1.2.840.10008.5.1.4.1.2.2.1',
  ];
  const contexts = abstractSyntaxes.map((abstractSyntax, index) => ({
    id: 2 * index + 1,
    abstractSyntax,
    transferSyntaxes: [explicitLittleEndian],
  }));
  socket.write(associateRequest({ calling, called, contexts, maximumLength: 16_384 }));
  const answer = await socket.next();
  assert.ok(answer !== 'closed' && answer.type === 2);
  socket.close();
  const records = await server.ledgerRecords('--who', 'GREEDY', '--event', '110113');
  assert.equal(records.length, 1, JSON.stringify(records));
});
