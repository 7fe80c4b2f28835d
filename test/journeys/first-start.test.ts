/** The first hour's first minute: what a first start makes and says, that nothing is open, and that a second start finds it. */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { request } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeSeries } from '../support/dicom-files.ts';
import { Leadglass, leadglassCommand, parseJson } from '../support/leadglass.ts';
import { isListening, runProgram } from '../support/programs.ts';

/** Ports on which this process listens, of /proc: all protocols of TCP. */
function listeningPorts(pid: number): readonly string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      try {
        const link = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`));
        return link?.[1] === undefined ? [] : [link[1]];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // State 0A is LISTEN.
      .filter((columns) => columns[3] === '0A' && inodes.has(columns[9] ?? ''))
      .map((columns) => {
        const [address, port] = (columns[1] ?? '').split(':');
        return `${address}:${Number.parseInt(port ?? '', 16)}`;
      }),
  );
}

function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .once('error', reject)
      .end();
  });
}

test('the first start makes everything, opens two doors on loopback to nobody, and says what to type next', async () => {
  await using leadglass = await Leadglass.start();
  const { startText, port, consolePort } = leadglass;
  assert.match(startText, /first start, keys and certificates are made/);
  assert.match(startText, new RegExp(`127\\.0\\.0\\.1:${port} \\(DICOM over TLS\\)`));
  assert.match(startText, new RegExp(`https://localhost:${consolePort}`));
  assert.match(startText, /0 openings/);
  assert.match(startText, /One-time link to enrol the first administrator:\n {2}https:\/\/\S+/);
  assert.match(startText, /asks who you are and sets your two factors/);
  const next = startText.slice(startText.indexOf('Next, in a second terminal')).match(/^ {2}\S.*$/gm) ?? [];
  assert.equal(next.length, 3, `three commands to type next, not: ${next.join('; ')}`);

  if (process.platform === 'linux') {
    assert.deepEqual(
      listeningPorts(leadglass.pid).toSorted(),
      [`0100007F:${port}`, `0100007F:${consolePort}`].toSorted(),
      'two listeners, both on 127.0.0.1, and no plain port',
    );
  }
  const status = await leadglass.json<{ openings: { open: number }; devices: number; warnings: string[] }>('status');
  assert.deepEqual([status.openings.open, status.devices, status.warnings], [0, 0, []]);
  assert.deepEqual(await leadglass.json('opening', 'list'), { openings: [], more: false });
  const health = await get(consolePort, '/health');
  assert.equal(health.status, 200);
});

test('the data folder and all that is in it belong to its owner alone', async () => {
  await using leadglass = await Leadglass.start();
  const places = ['.', ...readdirSync(leadglass.data, { recursive: true, encoding: 'utf8' })];
  assert.ok(places.length > 15, places.join(' '));
  for (const place of places) {
    const { mode } = lstatSync(join(leadglass.data, place));
    assert.equal(mode & 0o077, 0, `${place} has mode ${(mode & 0o777).toString(8)}`);
  }
});

test('no two doors and no two folders share a key', async () => {
  await using one = await Leadglass.start();
  await using other = await Leadglass.start();
  const keysOf = ({ data }: Leadglass): readonly string[] =>
    readdirSync(join(data, 'keys'))
      .filter((name) => name.endsWith('.key'))
      .map((name) => readFileSync(join(data, 'keys', name)).toString('hex'));
  const keys = [...keysOf(one), ...keysOf(other)];
  assert.equal(new Set(keys).size, keys.length);
});

test('a second start finds devices, studies and ledger again, and makes nothing anew', async () => {
  await using leadglass = await Leadglass.start();
  const ct1 = await leadglass.enrol('CT1', 'archive');
  const images = writeSeries(leadglass.path('images'), { study: 'second start' }, 3);
  await leadglass.succeed('send', leadglass.address, '--as', ct1.folder, leadglass.path('images'));
  const certificate = readFileSync(join(leadglass.data, 'certificates/door-dimse.pem'), 'utf8');
  const before = await leadglass.ledger();
  assert.equal(await leadglass.stop(), 0);
  assert.equal(await isListening(leadglass.port), false);

  await leadglass.start();
  assert.doesNotMatch(leadglass.startText, /first start/);
  assert.match(leadglass.startText, /1 opening\b/);
  assert.equal(readFileSync(join(leadglass.data, 'certificates/door-dimse.pem'), 'utf8'), certificate);
  const study = await leadglass.json<{ study: { instances: number } }>(
    ...['study', 'show', images[0]?.studyInstanceUid ?? ''],
  );
  assert.equal(study.study.instances, 3);
  await leadglass.succeed('echo', leadglass.address, '--as', ct1.folder);
  const after = await leadglass.ledger();
  const known = new Set(after.map(({ seq, event }) => `${seq} ${event}`));
  for (const { seq, event } of before) assert.ok(known.has(`${seq} ${event}`), `record ${seq} is still there`);
  await leadglass.succeed('ledger', 'verify');
});

test('a stop is clean: exit status 0 in a moment, also with an association open, and no socket stays', async () => {
  await using leadglass = await Leadglass.start();
  const ct1 = await leadglass.enrol('CT1', 'acquisition');
  await leadglass.succeed('echo', leadglass.address, '--as', ct1.folder);
  const before = performance.now();
  assert.equal(await leadglass.stop(), 0);
  assert.ok(performance.now() - before < 5000);
  assert.ok(!readdirSync(leadglass.data).includes('control.sock'), 'the control socket is gone');
  assert.doesNotMatch(leadglass.log, /"level":"error"/);
});

test('a port that is taken is told in words, and nothing else is opened', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => squatter.once('listening', done));
  const address = squatter.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    const config = `doors:\n  dimse: { port: ${address.port} }\n  console: { port: 0 }\n`;
    await assert.rejects(Leadglass.start({ config }), (error: Error) => {
      assert.match(error.message, /ended \(3\)/);
      assert.match(error.message, new RegExp(`Cannot open door dimse on 127.0.0.1:${address.port}: another program`));
      return true;
    });
  } finally {
    squatter.close();
  }
});

test('without a configuration the ports are the registered ones, on loopback', async () => {
  const ran = await runProgram(leadglassCommand, ['config', 'show', '--json', '--data', '/nonexistent/leadglass-data']);
  assert.equal(ran.status, 0, ran.output);
  const { doors } = parseJson<{ doors: Record<string, { host: string; port?: number }> }>(ran);
  assert.deepEqual([doors['dimse']?.host, doors['dimse']?.port], ['127.0.0.1', 2762]);
  assert.deepEqual([doors['console']?.host, doors['console']?.port], ['127.0.0.1', 8443]);
});
