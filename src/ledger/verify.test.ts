import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, after, test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { Ledger } from './ledger.ts';
import {
  newSigner,
  TemporaryFolder,
  testLimits,
  testLineLimits,
  transferMessage,
  transferRecord,
} from './ledger.test-support.ts';
import { encodeLine, genesisHash } from './record.ts';
import type { BrokenLedger, LedgerVerification } from './verify.ts';
import { verifyLedger } from './verify.ts';

const signer = newSigner();
const good = new TemporaryFolder();
const recordsCount = 8;

before(async () => {
  // Three files, a checkpoint after records 0, 4, 7 and 8.
  const limits = { ...testLimits, ledgerFileBytesMax: 5000 };
  const ledger = await Ledger.open({ directory: good.path, signer, limits });
  for (let index = 1; index <= recordsCount; index += 1) {
    await ledger.record(transferRecord({ patientIds: [`P${index}`] }));
    if (index === 4 || index === 7) await ledger.checkpoint();
  }
  await ledger.close();
});
after(() => good[Symbol.dispose]());

function verify(
  directory: string,
  more: { checkpoint?: string; publicKey?: string } = {},
): Promise<LedgerVerification> {
  return verifyLedger({ directory, publicKey: signer.publicKeyPem, limits: testLineLimits, ...more });
}

/** A copy of the good ledger, changed, must be found broken. */
async function broken(change: (directory: string) => void, checkpoint?: string): Promise<BrokenLedger> {
  using folder = new TemporaryFolder();
  cpSync(good.path, folder.path, { recursive: true });
  change(folder.path);
  const result = await verify(folder.path, checkpoint === undefined ? {} : { checkpoint });
  assert.ok(!result.intact, 'the change was not found');
  return result;
}

const files = ['000001.jsonl', '000002.jsonl', '000003.jsonl'] as const;
const linesOf = (directory: string, file: string): string[] =>
  readFileSync(join(directory, file), 'utf8').split('\n').slice(0, -1);
const write = (directory: string, file: string, lines: readonly (string | undefined)[]): void =>
  writeFileSync(join(directory, file), lines.map((line) => `${line}\n`).join(''));

test('an untouched ledger is intact, with the public key alone', async () => {
  const result = await verify(good.path);
  assert.ok(result.intact);
  assert.equal(result.records, recordsCount);
  assert.equal(result.checkpoints, 4);
  assert.equal(result.lastCheckpoint.seq, recordsCount);
  assert.deepEqual(
    files.map((file) => linesOf(good.path, file).length),
    [3, 3, 2],
  );
});

test('every changed byte of a record is found, and the record is named', async () => {
  using folder = new TemporaryFolder();
  const ledger = await Ledger.open({ directory: folder.path, signer, limits: testLimits });
  const small = transferMessage();
  for (let index = 0; index < 2; index += 1) {
    await ledger.record({ event: { ...small, participants: [small.participants[0]], objects: [] } });
  }
  await ledger.close();
  const path = join(folder.path, files[0]);
  const bytes = readFileSync(path);
  let line = 1;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes.readUInt8(index);
    // Turning one bit each time, another one from byte to byte.
    bytes.writeUInt8(byte ^ (1 << (index % 8)), index);
    writeFileSync(path, bytes);
    const result = await verify(folder.path);
    assert.ok(!result.intact, `byte ${index}`);
    assert.deepEqual(result.firstBad, { seq: line, file: files[0], line }, `byte ${index}`);
    bytes.writeUInt8(byte, index);
    if (byte === 0x0a) line += 1;
  }
});

test('every changed byte of a checkpoint is found', async () => {
  using folder = new TemporaryFolder();
  cpSync(good.path, folder.path, { recursive: true });
  const path = join(folder.path, 'checkpoints.jsonl');
  const bytes = readFileSync(path);
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes.readUInt8(index);
    bytes.writeUInt8(byte ^ (1 << (index % 8)), index);
    writeFileSync(path, bytes);
    const result = await verify(folder.path);
    // Without its line feed the last checkpoint is one that was not finished: it counts for nothing, and that is told.
    if (index === bytes.length - 1) assert.ok(result.intact && result.unfinishedEnd && result.checkpoints === 3);
    else assert.ok(!result.intact && result.firstBad.file === 'checkpoints.jsonl', `byte ${index}`);
    bytes.writeUInt8(byte, index);
  }
});

test('a dropped, repeated, moved or foreign record is found and told apart', async () => {
  const [a, b, c] = linesOf(good.path, files[0]);
  const cases: readonly (readonly [readonly (string | undefined)[], number, RegExp])[] = [
    [[a, c], 2, /dropped or moved.* 3, expected 2/],
    [[a, a, b, c], 2, /repeated or moved.* 1, expected 2/],
    [[b, a, c], 1, /dropped or moved.* 2, expected 1/],
    [[a, '{"seq":2}', b, c], 2, /not a ledger record/],
    [[a, encodeLine(2, genesisHash, '"x":1').line.toString().trimEnd(), c], 2, /does not follow/],
  ];
  for (const [lines, line, reason] of cases) {
    const result = await broken((directory) => write(directory, files[0], lines));
    assert.deepEqual(result.firstBad, { seq: line, file: files[0], line });
    assert.match(result.reason, reason);
  }
  // The first record of the second file.
  const result = await broken((directory) => write(directory, files[1], linesOf(directory, files[1]).slice(1)));
  assert.deepEqual(result.firstBad, { seq: 4, file: files[1], line: 1 });
});

test('a missing file is found', async () => {
  for (const file of files) {
    const result = await broken((directory) => rmSync(join(directory, file)));
    assert.match(result.reason, file === files[2] ? /end with 6, but the checkpoint .* signed record 7/ : /missing/);
  }
  const result = await broken((directory) => rmSync(join(directory, 'checkpoints.jsonl')));
  assert.match(result.reason, /checkpoints are missing/);
});

test('an end that was cut behind the last checkpoint is found', async () => {
  const shorter = await broken((directory) => write(directory, files[2], linesOf(directory, files[2]).slice(0, 1)));
  assert.deepEqual([shorter.firstBad.seq, shorter.firstBad.file], [8, files[2]]);
  const torn = await broken((directory) => {
    const path = join(directory, files[2]);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
  });
  assert.deepEqual([torn.firstBad.seq, torn.reason], [8, 'the record is cut off']);
});

test('an unfinished line behind the last checkpoint is told, not taken for damage', async () => {
  using folder = new TemporaryFolder();
  cpSync(good.path, folder.path, { recursive: true });
  assert.ok((await verify(folder.path)).intact);
  const path = join(folder.path, files[2]);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('{"seq":9,"prev":"12')]));
  const result = await verify(folder.path);
  assert.ok(result.intact && result.unfinishedEnd && result.records === recordsCount);
  // In an earlier file nothing may be unfinished.
  const earlier = await broken((directory) => writeFileSync(join(directory, files[1]), '{"seq":4,'));
  assert.deepEqual([earlier.firstBad.seq, earlier.reason], [4, 'the record is cut off']);
});

test('a ledger that is written meanwhile is intact', async () => {
  using folder = new TemporaryFolder();
  const limits = { ...testLimits, ledgerFileBytesMax: 50_000, ledgerCheckpointRecordsMax: 5 };
  const ledger = await Ledger.open({ directory: folder.path, signer, limits });
  const writing = new AbortController();
  const writer = (async () => {
    while (!writing.signal.aborted) await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => ledger.record(transferRecord())));
  })();
  for (let round = 0; round < 12; round += 1) {
    const result = await verify(folder.path);
    assert.ok(result.intact, JSON.stringify(result));
  }
  writing.abort();
  await writer;
  await ledger.close();
});

test('a chain that was computed anew after a change does not meet its checkpoint', async () => {
  const rewrite = (directory: string): void => {
    let seq = 0;
    let prev = genesisHash;
    for (const file of files) {
      const lines = linesOf(directory, file).map((line) => {
        const body = line.slice(line.indexOf('"at":'), line.lastIndexOf(',"hash":'));
        seq += 1;
        const encoded = encodeLine(seq, prev, seq === 2 ? body.replace('DOE^JANE', 'DOE^JOHN') : body);
        prev = encoded.hash;
        return encoded.line.toString().trimEnd();
      });
      write(directory, file, lines);
    }
  };
  const result = await broken(rewrite);
  // The first checkpoint behind the change is that of record 4.
  assert.equal(result.firstBad.seq, 4);
  assert.match(result.reason, /not the record that the checkpoint of .* signed/);
  // Somebody who drops the checkpoints too is found by one that was kept elsewhere.
  const kept = linesOf(good.path, 'checkpoints.jsonl');
  const withKept = await broken((directory) => {
    rewrite(directory);
    write(directory, 'checkpoints.jsonl', kept.slice(0, 1));
  }, kept[2]);
  assert.equal(withKept.firstBad.seq, 7);
});

test('the newest records dropped together with their checkpoints are found by a checkpoint kept elsewhere', async () => {
  const kept = linesOf(good.path, 'checkpoints.jsonl');
  const drop = (directory: string): void => {
    write(directory, 'checkpoints.jsonl', kept.slice(0, 3));
    write(directory, files[2], linesOf(directory, files[2]).slice(0, 1));
  };
  const result = await broken(drop, `${kept[3]}\n`);
  assert.match(result.reason, /end with 7, but the checkpoint .* signed record 8/);
  assert.ok((await verify(good.path, { checkpoint: kept.join('\n') })).intact);
});

test('a dropped first checkpoint and checkpoints out of order are found', async () => {
  const first = await broken((directory) =>
    write(directory, 'checkpoints.jsonl', linesOf(directory, 'checkpoints.jsonl').slice(1)),
  );
  assert.match(first.reason, /first checkpoint is missing/);
  const swapped = await broken((directory) => {
    const [a, b, c, d] = linesOf(directory, 'checkpoints.jsonl');
    write(directory, 'checkpoints.jsonl', [a, c, b, d]);
  });
  assert.match(swapped.reason, /out of order/);
});

test('another key verifies nothing, and wrong arguments are refused', async () => {
  const result = await verify(good.path, { publicKey: newSigner().publicKeyPem });
  assert.ok(!result.intact && /not signed by the key/.test(result.reason));
  const isBadRequest = (error: unknown): boolean => error instanceof LeadglassError && error.code === 'BAD_REQUEST';
  await assert.rejects(verify(good.path, { publicKey: 'not a key' }), isBadRequest);
  await assert.rejects(verify(good.path, { checkpoint: '' }), isBadRequest);
  await assert.rejects(verify(good.path, { checkpoint: '{"seq":1}' }), isBadRequest);
});

test('an empty ledger is intact', async () => {
  using folder = new TemporaryFolder();
  await (await Ledger.open({ directory: folder.path, signer, limits: testLimits })).close();
  const result = await verify(folder.path);
  assert.ok(result.intact && result.records === 0 && result.checkpoints === 1);
});
