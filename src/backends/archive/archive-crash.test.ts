import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { passFor } from '../backend.test-support.ts';
import { openCrashArchive } from './crash-child.test-support.ts';
import { verify } from './verify.ts';
import { knownUid } from '../../dicom/uid.ts';

const rounds = Number(process.env['LEADGLASS_CRASH_ROUNDS'] ?? 10);

/** Runs the child until `killAfterMs` after it opened the archive; what it acknowledged. */
async function storeUntilKilled(
  directory: string,
  facts: { readonly round: number; readonly killAfterMs: number },
): Promise<string[]> {
  const script = join(import.meta.dirname, 'crash-child.test-support.ts');
  const child = spawn(process.execPath, [script, directory, String(facts.round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.withResolvers<void>();
  child.once('close', () => ended.resolve());
  let text = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), facts.killAfterMs);
    text += chunk.toString();
  });
  await ended.promise;
  assert.equal(errors, '');
  assert.equal(child.signalCode, 'SIGKILL');
  // The last line may be cut.
  return text.split('\n').slice(1, -1);
}

test(`after kill -9 under load, ${rounds} times, every acknowledged instance is there bit for bit`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'leadglass-crash-'));
  try {
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < rounds; round += 1) {
      const lines = await storeUntilKilled(directory, { round, killAfterMs: 20 + Math.random() * 250 });
      for (const line of lines) {
        const [uid = '', sha256 = ''] = line.split(' ');
        acknowledged.set(uid, sha256);
      }
      const { archive, keys } = await openCrashArchive(directory);
      assert.deepEqual(archive.recovery.problems, []);
      for (const [uid, sha256] of acknowledged) {
        const operation = {
          kind: 'retrieve',
          via: 'get',
          level: 'IMAGE',
          keys: { sopInstanceUids: [knownUid(uid)] },
        } as const;
        const [stored] = await Array.fromAsync(archive.retrieve(passFor(operation)));
        assert.ok(stored, `${uid} of round ${round} is there`);
        const known = archive.index.instanceByUid(uid);
        assert.equal(known && Buffer.from(known.sha256).toString('hex'), sha256);
      }
      // Reads every chunk against its tag and digest, and the index against the segments.
      const { problems, instances } = await verify(archive);
      assert.deepEqual(problems, []);
      assert.ok(instances >= acknowledged.size);
      await archive.close();
      keys.close();
    }
    assert.ok(acknowledged.size > rounds, `${acknowledged.size} were acknowledged`);
  } finally {
    await rm(directory, { recursive: true });
  }
});
