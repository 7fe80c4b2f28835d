/**
 * What a disk does to files at rest: flipped bytes in a segment, the index and the ledger are found and named, torn tails
 * are cut, and an index that is gone or broken comes back from the segments.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bytesOf, fetchStudy, Sender, slice } from './raw-peer.ts';
import { runCommand, TestServer } from './server.ts';

const seed = 'damage';
const instances = [1, 2].flatMap((patient) => [1, 2, 3].map((number) => slice(seed, patient, number, 128)));
const studies = [...new Set(instances.map(({ studyInstanceUid }) => studyInstanceUid))];

let server: TestServer;
/** The data folder as it was after a clean stop. */
let intact: string;

before(async () => {
  server = await TestServer.start();
  await server.addDevice('CT1');
  const sender = await Sender.open(server.target('CT1'));
  for (const instance of instances) assert.equal(await sender.store(instance), 0);
  await sender.release();
  await server.stop();
  intact = join(server.folder, 'intact');
  cpSync(server.data, intact, { recursive: true });
});

after(async () => {
  await server[Symbol.asyncDispose]();
});

/** The data folder as it was, and the server stopped. */
async function restored(): Promise<string> {
  await server.stop();
  rmSync(server.data, { recursive: true });
  cpSync(intact, server.data, { recursive: true });
  return server.data;
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = bytes.readUInt8(offset) ^ 0x04;
  writeFileSync(file, bytes);
}

const onlyFile = (folder: string, end: string): string => {
  const [name] = readdirSync(folder).filter((candidate) => candidate.endsWith(end));
  assert.ok(name !== undefined, `no ${end} in ${folder}`);
  return join(folder, name);
};

async function assertAllThere(): Promise<void> {
  for (const study of studies) {
    const got = await fetchStudy(server.target('CT1'), study);
    for (const instance of instances.filter(({ studyInstanceUid }) => studyInstanceUid === study)) {
      assert.ok(got.get(instance.sopInstanceUid)?.equals(bytesOf(instance)), instance.sopInstanceUid);
    }
  }
}

test('an undamaged data folder verifies with and without a server', async () => {
  await restored();
  await server.assertSound();
  await server.start();
  await server.assertSound();
  await assertAllThere();
});

test('a flipped byte in a segment is named by verify, with its segment and offset, and exit status 1', async () => {
  const data = await restored();
  const segment = onlyFile(join(data, 'archive/segments'), '.seg');
  flip(segment, Math.floor(statSync(segment).size / 2));
  for (const isRunning of [false, true]) {
    if (isRunning) await server.start();
    const { status, stdout } = await server.run('verify');
    assert.equal(status, 1, stdout);
    assert.match(stdout, /NOT intact[\s\S]*segment 00000001\.seg, offset \d+/);
  }
});

test('a damaged instance is never handed out, the others still are', async () => {
  const data = await restored();
  const segment = onlyFile(join(data, 'archive/segments'), '.seg');
  flip(segment, Math.floor(statSync(segment).size * 0.4));
  await server.start();
  const results: string[] = [];
  for (const study of studies) {
    try {
      const got = await fetchStudy(server.target('CT1'), study);
      for (const [uid, bytes] of got) {
        const sent = instances.find(({ sopInstanceUid }) => sopInstanceUid === uid);
        assert.ok(sent !== undefined && bytes.equals(bytesOf(sent)), 'bytes that are handed out are right');
      }
      results.push('whole');
    } catch (error) {
      results.push(error instanceof assert.AssertionError ? 'failed' : 'broken off');
    }
  }
  assert.equal(results.filter((result) => result === 'whole').length, 1, results.join());
});

test('a value changed in the index is named by verify', async () => {
  const data = await restored();
  const index = join(data, 'archive/index.sqlite');
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(index);
  database.exec("UPDATE study SET accession = 'B1'");
  database.close();
  const { status, stdout } = await server.run('verify');
  assert.equal(status, 1, stdout);
  assert.match(stdout, /index, study .*: differs from the segments in accession/);
});

test('flipped bytes anywhere in the index file are found or harmless, never believed', async () => {
  const whole = readFileSync(join(intact, 'archive/index.sqlite'));
  const steps = 12;
  let found = 0;
  for (let step = 0; step < steps; step += 1) {
    const data = await restored();
    const index = join(data, 'archive/index.sqlite');
    flip(index, 100 + Math.floor(((whole.length - 100) * step) / steps));
    const { status, stdout, stderr } = await server.run('verify');
    // 0: the byte is in a free page or in a statistic. 3: the file cannot be opened; the message says what to do.
    assert.ok([0, 1, 3].includes(status), `${status} ${stdout} ${stderr}`);
    assert.doesNotMatch(stderr, /at .*\.ts:\d+/, 'an answer, not a stack');
    if (status !== 0) {
      found += 1;
      assert.match(stdout + stderr, /index/);
    }
  }
  assert.ok(found > 0);
});

for (const what of ['lost', 'overwritten with noise', 'cut in the middle', 'broken inside'] as const) {
  test(`an index that was ${what} comes back from the segments`, async () => {
    const data = await restored();
    const index = join(data, 'archive/index.sqlite');
    const bytes = readFileSync(index);
    for (const end of ['', '-wal', '-shm']) rmSync(index + end, { force: true });
    if (what === 'overwritten with noise') writeFileSync(index, Buffer.alloc(20_000, 'no database '));
    if (what === 'cut in the middle') writeFileSync(index, bytes.subarray(0, bytes.length / 2));
    if (what === 'broken inside') writeFileSync(index, bytes.fill(0xa5, 4096));
    const { status, stdout, stderr } = await server.run('index', 'rebuild');
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /2 studies, 6 instances/);
    await server.start();
    await assertAllThere();
    await server.assertSound();
  });
}

test('a torn tail of a segment is cut at the next start, and storing goes on', async () => {
  const data = await restored();
  const segment = onlyFile(join(data, 'archive/segments'), '.seg');
  appendFileSync(segment, readFileSync(segment).subarray(0, 5000));
  await server.start();
  await assertAllThere();
  const sender = await Sender.open(server.target('CT1'));
  assert.equal(await sender.store(slice(seed, 1, 99)), 0);
  await sender.release();
  await server.assertSound();
});

test('a flipped byte in the ledger is named by ledger verify, with record, file and line', async () => {
  const data = await restored();
  const path = ledgerPath(data);
  const bytes = readFileSync(path);
  const secondLine = bytes.indexOf('\n') + 1;
  flip(path, secondLine + 100);
  const { status, stdout } = await server.run('ledger', 'verify');
  assert.equal(status, 1, stdout);
  assert.match(stdout, /NOT intact at .*line 2/);
});

test('a record cut out of the ledger is found', async () => {
  const data = await restored();
  const path = ledgerPath(data);
  const lines = readFileSync(path, 'utf8').split('\n');
  lines.splice(2, 1);
  writeFileSync(path, lines.join('\n'));
  const { status, stdout } = await server.run('ledger', 'verify');
  assert.equal(status, 1, stdout);
  assert.match(stdout, /NOT intact at .*line 3/);
});

test('a torn tail of the ledger is cut at the next start, and the chain goes on', async () => {
  const data = await restored();
  appendFileSync(ledgerPath(data), '{"seq":99,"half a rec');
  await server.start();
  await assertAllThere();
  await server.stop();
  await server.assertSound();
});

test('a ledger whose end was cut shows against a checkpoint that was kept elsewhere', async () => {
  const data = await restored();
  const kept = join(server.folder, 'checkpoints.jsonl');
  cpSync(join(data, 'ledger/checkpoints.jsonl'), kept);
  const path = ledgerPath(data);
  const bytes = readFileSync(path);
  truncateSync(path, bytes.lastIndexOf('\n', bytes.length - 2) + 1);
  rmSync(join(data, 'ledger/checkpoints.jsonl'));
  const { status, stdout } = await runCommand(['ledger', 'verify', '--checkpoint', kept, '--data', data]);
  assert.equal(status, 1, stdout);
});

function ledgerPath(data: string): string {
  const folder = join(data, 'ledger');
  const name = readdirSync(folder).find(
    (candidate) => candidate !== 'checkpoints.jsonl' && candidate.endsWith('.jsonl'),
  );
  assert.ok(name !== undefined);
  return join(folder, name);
}
