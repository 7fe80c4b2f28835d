/** The machine's clock was set back while the server was off: ended openings must not open again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { limits } from '../../src/limits.ts';
import { Sender, slice } from './raw-peer.ts';
import { TestServer } from './server.ts';

/** The last use of an opening is what a start knows of the time before it; here it lies ahead, as after a clock set back. */
function lastUsedIn(server: TestServer, aheadMs: number): void {
  const database = new DatabaseSync(join(server.data, 'guard.sqlite'));
  database.exec(`UPDATE usage SET last_used_at = ${Date.now() + aheadMs}`);
  database.close();
}

test('after a clock set back no device is admitted, status says why, and it is in the ledger', async () => {
  await using server = await TestServer.start();
  await server.addDevice('CT1');
  const sender = await Sender.open(server.target('CT1'));
  assert.equal(await sender.store(slice('clock', 1, 1)), 0);
  await sender.release();
  await server.stop();

  lastUsedIn(server, limits.clockBackwardsMsMax + 60_000);
  await server.start();
  await assert.rejects(Sender.open(server.target('CT1')));
  const status = await server.run('status');
  assert.match(status.stdout + status.stderr, /clock of this machine went backwards/);
  const records = await server.ledgerRecords('--event', '110113');
  assert.ok(
    records.some(({ reason }) => String(reason).includes('clock')),
    JSON.stringify(records.map(({ reason }) => reason)),
  );
  await server.stop();

  // What NTP does by slewing is no reason to close.
  lastUsedIn(server, limits.clockBackwardsMsMax - 60_000);
  await server.start();
  const again = await Sender.open(server.target('CT1'));
  assert.equal(await again.store(slice('clock', 1, 2)), 0);
  await again.release();
  await server.assertSound();
});
