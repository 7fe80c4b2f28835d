/**
 * The server dies at random moments while four associations store: what it acknowledged is there afterwards, bit for bit,
 * and index, segments and ledger agree. LONG=1 runs fifty rounds instead of eight.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyntheticInstance } from '../../bench/support/raw-dicom.ts';
import { bytesOf, fetchStudy, Sender, slice } from './raw-peer.ts';
import { TestServer } from './server.ts';

const rounds = process.env['LONG'] === '1' ? 50 : 8;
const associations = 4;

/** Stores until the connection breaks; adds what was acknowledged. */
async function storeUntilDead(
  server: TestServer,
  instances: Iterator<SyntheticInstance>,
  acknowledged: SyntheticInstance[],
): Promise<void> {
  try {
    const sender = await Sender.open(server.target('CT1'));
    for (;;) {
      const next = instances.next();
      if (next.done === true) return;
      if ((await sender.store(next.value)) === 0) acknowledged.push(next.value);
    }
  } catch (error) {
    if (!server.isEnding) throw error;
  }
}

/** Small and large ones in turn, a new study for every twelve. */
function* stream(round: number): Generator<SyntheticInstance> {
  for (let number = 0; ; number += 1) {
    const side = number % 5 === 0 ? 700 : number % 3 === 0 ? 256 : 32;
    yield slice(`kill/${round}`, Math.floor(number / 12) + 1, number + 1, side);
  }
}

test(`after each of ${rounds} kills under load every acknowledged instance is there, bit for bit`, async (context) => {
  await using server = await TestServer.start();
  await server.addDevice('CT1');
  let all = 0;
  for (let round = 0; round < rounds; round += 1) {
    const acknowledged: SyntheticInstance[] = [];
    const instances = stream(round);
    const load = Promise.all(
      Array.from({ length: associations }, () => storeUntilDead(server, instances, acknowledged)),
    );
    load.catch(() => undefined);
    const afterMs = 60 + Math.random() * 500;
    await sleep(afterMs);
    await server.kill();
    await load;
    const where = `round ${round}, killed after ${afterMs.toFixed(0)} ms, ${acknowledged.length} acknowledged`;
    await server.start();

    const studies = Map.groupBy(acknowledged, ({ studyInstanceUid }) => studyInstanceUid);
    for (const [studyInstanceUid, expected] of studies) {
      const got = await fetchStudy(server.target('CT1'), studyInstanceUid);
      for (const instance of expected) {
        const bytes = got.get(instance.sopInstanceUid);
        assert.ok(
          bytes?.equals(bytesOf(instance)) === true,
          `${where}: ${bytes === undefined ? 'missing' : 'differs'}`,
        );
      }
    }
    all += acknowledged.length;
    await server.assertSound();
    await assertTransfersComplete(server, studies, where);
  }
  context.diagnostic(`${all} instances were acknowledged in ${rounds} rounds`);
  assert.ok(all > rounds * associations, `only ${all} instances were acknowledged`);
  assert.doesNotMatch(server.log, /"level":"error"/);
});

/** PS3.15 A.5.3.6 and A.5.3.7: each study has a record that a transfer began, and one that tells what came of it. */
async function assertTransfersComplete(
  server: TestServer,
  studies: ReadonlyMap<string, readonly SyntheticInstance[]>,
  where: string,
): Promise<void> {
  const records = await server.ledgerRecords();
  for (const [studyInstanceUid] of studies) {
    const about = records.filter(
      ({ studyInstanceUids }) => Array.isArray(studyInstanceUids) && studyInstanceUids.includes(studyInstanceUid),
    );
    const events = about.map(({ event }) => String(event));
    const begun = events.filter((event) => event.includes('110102')).length;
    const ended = events.filter((event) => event.includes('110104')).length;
    // The C-GET above has its own pairs.
    assert.ok(begun >= 2 && ended >= begun, `${where}: ${begun} transfers begun, ${ended} ended: ${events.join(', ')}`);
  }
}
