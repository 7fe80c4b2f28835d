/** SIGTERM while four associations store: what was acknowledged is there, and the process ends soon and with status 0. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../bench/support/raw-association.ts';
import type { SyntheticInstance } from '../../bench/support/raw-dicom.ts';
import { bytesOf, fetchStudy, Sender, slice } from './raw-peer.ts';
import { TestServer } from './server.ts';

test('SIGTERM during transfers ends within 15 s with status 0, and loses nothing that was acknowledged', async () => {
  await using server = await TestServer.start();
  await server.addDevice('CT1');
  const acknowledged: SyntheticInstance[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    const sender = await Sender.open(server.target('CT1'));
    try {
      for (;;) {
        next += 1;
        const instance = slice('stop', 1 + (next % 3), next, 512);
        if ((await sender.store(instance)) === 0) acknowledged.push(instance);
      }
    } catch (error) {
      if (!server.isEnding) throw error;
    }
  };
  const load = Promise.all([lane(), lane(), lane(), lane()]);
  load.catch(() => undefined);
  // Sockets that say nothing must not hold the end up.
  const silent = [connect(server.target('CT1')), connect({ ...server.target('CT1'), calling: 'X' })];
  for (const socket of silent) socket.on('error', () => undefined);
  await sleep(600);
  const { status, tookMs } = await server.stop(15_000);
  await load;
  assert.equal(status, 0, server.log);
  assert.ok(acknowledged.length > 10, `only ${acknowledged.length} were acknowledged`);
  assert.ok(tookMs < 15_000, `${tookMs} ms`);
  assert.doesNotMatch(server.log, /"level":"error"/);
  await server.assertSound();
  await server.start();
  assert.doesNotMatch(server.log, /transfers-completed/, 'a clean stop leaves no transfer open');
  for (const [study, expected] of Map.groupBy(acknowledged, ({ studyInstanceUid }) => studyInstanceUid)) {
    const got = await fetchStudy(server.target('CT1'), study);
    for (const instance of expected) assert.ok(got.get(instance.sopInstanceUid)?.equals(bytesOf(instance)));
  }
  await server.assertSound();
});

test('a second SIGTERM ends at once, and the next start is sound', async () => {
  await using server = await TestServer.start();
  await server.addDevice('CT1');
  const sender = await Sender.open(server.target('CT1'));
  const instance = slice('stop-twice', 1, 1, 512);
  assert.equal(await sender.store(instance), 0);
  process.kill(server.pid, 'SIGTERM');
  const { tookMs } = await server.stop(5000);
  assert.ok(tookMs < 5000);
  await server.start();
  const got = await fetchStudy(server.target('CT1'), instance.studyInstanceUid);
  assert.ok(got.get(instance.sopInstanceUid)?.equals(bytesOf(instance)));
  await server.assertSound();
});
