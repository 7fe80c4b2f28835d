/**
 * The data folder lies on a small disk that fills up while the server runs: senders get a clear status, nothing that was
 * acknowledged is lost, and everything works again when there is space, without a restart. Needs the right to mount a
 * tmpfs; the same with an injected disk stands in src/backends/archive/archive-faults.test.ts.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../../src/limits.ts';
import { bytesOf, fetchStudy, RawSocket, Sender, slice, storeContext } from './raw-peer.ts';
import { scratchFolder, TestServer } from './server.ts';
import { associateRequest } from '../../bench/support/raw-dicom.ts';

const megabyte = 1024 ** 2;
/** As much as the archive wants to keep free, and a little to store on. */
const diskBytes = limits.archive.freeBytesMin + 64 * megabyte;

/** A disk of its own, or why there is none. */
function smallDisk(): { readonly folder: string; readonly unmount: () => void } | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux, to mount a small disk';
  const folder = join(scratchFolder(), 'disk');
  mkdirSync(folder);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=0700`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return 'may not mount here';
  }
  return { folder, unmount: () => execFileSync('umount', ['-l', folder]) };
}

/** Takes space until so much is left. The server writes meanwhile (its index follows the segments), so it may take some tries. */
function fillUntil(disk: string, leftBytes: number): void {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { bavail, bsize } = statfsSync(disk);
    const filler = Math.max(0, bavail * bsize - leftBytes);
    if (filler === 0) return;
    const { status } = spawnSync('fallocate', ['-l', String(filler), join(disk, `filler-${leftBytes}-${attempt}`)]);
    if (status === 0) return;
  }
  assert.fail('the disk does not fill up');
}

function freeSpace(disk: string): void {
  execFileSync('find', [disk, '-maxdepth', '1', '-name', 'filler-*', '-delete']);
}

test('a full disk: A700, nothing acknowledged is lost, and storing goes on when there is space', async (context) => {
  const disk = smallDisk();
  if (typeof disk === 'string') return context.skip(disk);
  const server = new TestServer(scratchFolder(), join(disk.folder, 'data'));
  try {
    await server.start();
    await server.addDevice('CT1');
    const target = server.target('CT1');
    const acknowledged = [slice('disk', 1, 1), slice('disk', 1, 2, 512)];
    const sender = await Sender.open(target);
    for (const instance of acknowledged) assert.equal(await sender.store(instance), 0);

    // Less than the archive keeps free for index and ledger: refused before anything is written; reading still works.
    fillUntil(disk.folder, limits.archive.freeBytesMin - 8 * megabyte);
    await sleep(limits.archive.freeBytesCheckMs + 200);
    assert.equal(await sender.store(slice('disk', 1, 3)), 0xa700);
    assert.equal(await sender.echo(), 0);
    await assertAllThere(server, acknowledged);
    const status = await server.run('status');
    assert.match(status.stdout + status.stderr, /free|space|disk/i);

    freeSpace(disk.folder);
    const again = slice('disk', 1, 3);
    assert.equal(await sender.store(again), 0, 'the same association stores again');
    acknowledged.push(again);

    // Not a byte left: nothing can be recorded, so nothing is admitted (rule 4), and the process stays.
    fillUntil(disk.folder, 0);
    assert.equal(await sender.store(slice('disk', 2, 4, 512)), 0xa700);
    // A small record may still fit into the last page of the ledger file, so a few refusals are asked for.
    let answer: Awaited<ReturnType<typeof askAssociation>> = undefined;
    for (let attempt = 0; attempt < 40 && answer?.type !== 3; attempt += 1) answer = await askAssociation(server);
    assert.deepEqual(
      [answer?.type, ...(answer?.body.subarray(1) ?? [])],
      [3, 2, 3, 1],
      'rejected, transient, congestion',
    );
    assert.ok(server.isRunning);

    freeSpace(disk.folder);
    const last = slice('disk', 2, 5, 512);
    const fresh = await Sender.open(target);
    assert.equal(await fresh.store(last), 0);
    acknowledged.push(last);
    await fresh.release();
    await sender.release();
    await assertAllThere(server, acknowledged);
    await server.assertSound();
    const { status: exit } = await server.stop();
    assert.equal(exit, 0);
    await server.assertSound();
  } finally {
    await server[Symbol.asyncDispose]();
    disk.unmount();
    rmSync(join(disk.folder, '..'), { recursive: true, force: true });
  }
});

async function askAssociation(
  server: TestServer,
): Promise<{ readonly type: number; readonly body: Buffer } | undefined> {
  const socket = await RawSocket.open(server.target('CT1'));
  const { calling, called } = server.target('CT1');
  socket.write(associateRequest({ calling, called, contexts: [storeContext], maximumLength: 16_384 }));
  const pdu = await socket.next();
  socket.close();
  return pdu === 'closed' ? undefined : pdu;
}

async function assertAllThere(server: TestServer, instances: readonly ReturnType<typeof slice>[]): Promise<void> {
  for (const [study, expected] of Map.groupBy(instances, ({ studyInstanceUid }) => studyInstanceUid)) {
    const got = await fetchStudy(server.target('CT1'), study);
    for (const instance of expected) assert.ok(got.get(instance.sopInstanceUid)?.equals(bytesOf(instance)));
  }
}
