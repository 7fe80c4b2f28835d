/** Kills a process that writes the ledger, again and again: what it was told is durable must be there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openSigningKey } from '../keys/signing-key.ts';
import { FileSecrets } from '../keys/secret-store.ts';
import { Ledger } from './ledger.ts';
import { TemporaryFolder, testLimits, testLineLimits } from './ledger.test-support.ts';
import { verifyLedger } from './verify.ts';

const here = import.meta.dirname;

/** Opens the ledger, writes from eight callers and prints each record's number once it was told to be durable. */
const program = `
import { writeSync } from 'node:fs';
import { openSigningKey } from '${join(here, '../keys/signing-key.ts')}';
import { FileSecrets } from '${join(here, '../keys/secret-store.ts')}';
import { Ledger } from '${join(here, 'ledger.ts')}';
import { testLimits, transferRecord } from '${join(here, 'ledger.test-support.ts')}';
const [, , folder, round] = process.argv;
const signer = openSigningKey(new FileSecrets(folder + '/keys'), folder + '/ledger');
const limits = { ...testLimits, ledgerFileBytesMax: 200_000, ledgerCheckpointRecordsMax: 20 };
const ledger = await Ledger.open({ directory: folder + '/ledger', signer, limits });
let count = 0;
const caller = async () => {
  for (;;) {
    const reason = round + '-' + (count += 1);
    const { seq } = await ledger.record(transferRecord({ reason }));
    writeSync(1, seq + ' ' + reason + '\\n');
  }
};
for (let index = 0; index < 8; index += 1) void caller();
`;

test('kill -9 at twenty random moments loses no record that was told to be durable', async () => {
  using folder = new TemporaryFolder();
  const script = join(folder.path, 'writer.ts');
  writeFileSync(script, program);
  // As the server runs: there Node refuses fsync, and durability must come without it.
  const flags = [
    '--no-warnings',
    '--permission',
    `--allow-fs-read=${join(here, '..')}/*`,
    `--allow-fs-read=${folder.path}/`,
    `--allow-fs-write=${folder.path}/`,
  ];
  const told = new Map<number, string>();
  for (let round = 0; round < 20; round += 1) {
    const child = spawn(process.execPath, [...flags, script, folder.path, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    let killer: NodeJS.Timeout | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const [, seq, reason] = /^(\d+) (\d+-\d+)$/.exec(line) ?? [];
      if (seq !== undefined && reason !== undefined) told.set(Number(seq), reason);
      // From the first record on, so that the moment falls into the writing.
      killer ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
    }
    await closed;
  }
  assert.ok(told.size > 20, `${told.size} records`);
  const directory = join(folder.path, 'ledger');
  const signer = openSigningKey(new FileSecrets(join(folder.path, 'keys')), directory);
  const ledger = await Ledger.open({ directory, signer, limits: testLimits });
  const found = new Map<number, string | undefined>();
  for await (const { seq, reason } of ledger.query({ order: 'oldest-first' })) found.set(seq, reason);
  for (const [seq, reason] of told) assert.equal(found.get(seq), reason);
  await ledger.close();
  const result = await verifyLedger({ directory, publicKey: signer.publicKeyPem, limits: testLineLimits });
  assert.ok(result.intact, JSON.stringify(result));
});
