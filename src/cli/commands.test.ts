import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Command } from 'commander';
import { startControlDoor } from '../doors/control/control-door.ts';
import { fakeControl } from '../doors/control/fake-control.test-support.ts';
import type { FakeControl } from '../doors/control/fake-control.test-support.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { quietLog } from '../log.ts';
import { commands } from './commands.ts';
import { controlClient } from './control-client.ts';
import { readDeviceFolder } from './device-folder.ts';
import { idleContext, type Ran, runCommand } from './run-command.test-support.ts';

interface Bench {
  readonly fake: FakeControl;
  readonly data: string;
  /** Runs a command inside this process; rejects as main.ts would see it. */
  readonly run: (...words: string[]) => Promise<Ran>;
}

async function bench(t: TestContext, { server = true } = {}): Promise<Bench> {
  const data = mkdtempSync(join(tmpdir(), 'leadglass-cli-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const fake = fakeControl();
  if (server) {
    const door = await startControlDoor({
      socketPath: join(data, 'control.sock'),
      services: fake.services,
      limits,
      log: quietLog,
    });
    t.after(() => door.stop());
  }
  return {
    fake,
    data,
    run: (...words) =>
      runCommand(words, {
        dataDirectory: data,
        control: (command) => controlClient({ dataDirectory: data, user: 'ana', command }),
      }),
  };
}

const code =
  (wanted: string) =>
  (error: unknown): boolean =>
    error instanceof LeadglassError && error.code === wanted;
const addCt1 = ['device', 'add', 'CT1', '--purpose', 'acquisition', '--reason', 'CT, room 1', '--until', '2027-06-30'];

test('every command, group and subcommand has a description and help with an example', async (t) => {
  const { data } = await bench(t, { server: false });
  const context = idleContext({ dataDirectory: data });
  for (const entry of Object.values(commands)) {
    const program = new Command('leadglass');
    (await entry.load()).register(program, context);
    const check = (command: Command): void => {
      assert.notEqual(command.description(), '', command.name());
      let text = '';
      command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
      assert.match(text, /Examples?:\n {2}(leadglass|npm) /, command.name());
      command.commands.forEach(check);
    };
    program.commands.forEach(check);
  }
});

test('the page about --json names every command that has it, and no other', async (t) => {
  const { data } = await bench(t, { server: false });
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/json.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
  const having: string[] = [];
  for (const entry of Object.values(commands)) {
    const program = new Command('');
    (await entry.load()).register(program, idleContext({ dataDirectory: data }));
    const walk = (command: Command, path: string): void => {
      const name = `${path} ${command.name()}`.trim();
      if (command.options.some(({ long }) => long === '--json')) having.push(`\`${name}\``);
      for (const below of command.commands) walk(below, name);
    };
    walk(program, '');
  }
  assert.deepEqual(rows.toSorted(), having.toSorted());
});

test('status of an empty server says what to do next', async (t) => {
  const { run } = await bench(t);
  const { lines } = await run('status');
  assert.ok(lines.some((line) => line.includes('127.0.0.1:2762 (DICOM over TLS)')));
  assert.ok(lines.some((line) => line.includes('leadglass device add')));
});

test('status --json is the report itself', async (t) => {
  const { run, fake } = await bench(t);
  assert.deepEqual((await run('status', '--json')).values, [fake.status]);
});

test('without a server a command says so and how to start one', async (t) => {
  const { run, data } = await bench(t, { server: false });
  await assert.rejects(run('status'), (error) => {
    assert.ok(error instanceof LeadglassError);
    assert.equal(error.code, 'BACKEND_UNAVAILABLE');
    assert.equal(
      error.message,
      `No Leadglass server is running on ${data}.\nStart one with "leadglass serve", or name another folder with --data DIR.`,
    );
    return true;
  });
});

test('device add writes key, certificate, authority and a README, and the key is private', async (t) => {
  const { run, data, fake } = await bench(t);
  const out = join(data, 'ct1');
  const { lines } = await run(...addCt1, '--out', out);
  assert.deepEqual(readdirSync(out).toSorted(), ['README.txt', 'ca.pem', 'cert.pem', 'device.json', 'key.pem']);
  assert.equal(statSync(join(out, 'key.pem')).mode & 0o777, 0o600);
  assert.match(readFileSync(join(out, 'key.pem'), 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
  const readme = readFileSync(join(out, 'README.txt'), 'utf8');
  assert.match(
    readme,
    /storescu -aet CT1 -aec LEADGLASS \+tls key\.pem cert\.pem \+cf ca\.pem localhost 2762 images\/\*\.dcm/,
  );
  assert.doesNotMatch(readme, /findscu/);
  assert.ok(lines.some((line) => line.includes('CT1 may verify, store, commit until 2027-06-30')));
  assert.deepEqual(fake.calls, ['device add by ana']);
  assert.equal(readDeviceFolder(out).server.port, 2762);
});

test('device add refuses a folder with anything in it, and leaves nothing behind when the server refuses', async (t) => {
  const { run, data, fake } = await bench(t);
  writeFileSync(join(data, 'mine'), '');
  await assert.rejects(run(...addCt1, '--out', data), code('BAD_REQUEST'));
  await run(...addCt1, '--out', join(data, 'a'));
  await assert.rejects(run(...addCt1, '--out', join(data, 'b')), code('CONFLICT'));
  assert.equal(existsSync(join(data, 'b')), false);
  assert.equal(fake.calls.length, 2);
});

test('device add with an AE title that is a path needs --out and writes nowhere else', async (t) => {
  const { run, data } = await bench(t);
  for (const title of ['../../evil', '..', '/etc', 'A/B']) {
    await assert.rejects(run('device', 'add', title, ...addCt1.slice(3)), code('BAD_REQUEST'));
  }
  assert.deepEqual(readdirSync(data), ['control.sock']);
});

test('a plain exception needs a risk and an address, and makes no key', async (t) => {
  const { run, data } = await bench(t);
  await assert.rejects(run(...addCt1, '--plain', '--risk', 'old'), code('BAD_REQUEST'));
  await assert.rejects(run(...addCt1, '--plain', '--address', '10.0.0.0/8'), code('BAD_REQUEST'));
  await assert.rejects(run(...addCt1, '--risk', 'old'), code('BAD_REQUEST'));
  const out = join(data, 'old1');
  const { lines } = await run(...addCt1, '--plain', '--risk', 'own VLAN', '--address', '10.0.0.0/8', '--out', out);
  assert.deepEqual(readdirSync(out).toSorted(), ['README.txt', 'device.json']);
  assert.ok(lines.some((line) => line.includes('WITHOUT TLS')));
});

test('a missing purpose, a wrong date and an unknown operation are wrong use', async (t) => {
  const { run } = await bench(t);
  await assert.rejects(run('device', 'add', 'CT1', '--reason', 'x', '--until', '2027-06-30'), /purpose/);
  await assert.rejects(
    run('device', 'add', 'CT1', '--purpose', 'acquisition', '--reason', 'x', '--until', '30.6.2027'),
    /2027-06-30/,
  );
  await assert.rejects(run(...addCt1, '--allow', 'delete'), code('BAD_REQUEST'));
  await assert.rejects(
    run(
      'device',
      'add',
      'CT1',
      '--purpose',
      'acquisition',
      '--reason',
      'x',
      '--until',
      '2027-02-30',
      '--out',
      '/nonexistent/x/y',
    ),
  );
});

test('empty lists say what to do next', async (t) => {
  const { run } = await bench(t);
  assert.match((await run('device', 'list')).lines.join('\n'), /leadglass device add/);
  assert.match((await run('opening', 'list')).lines.join('\n'), /Nothing is open/);
  assert.match((await run('study', 'list')).lines.join('\n'), /No study matches/);
  assert.match((await run('conflict', 'list')).lines.join('\n'), /Nothing to decide/);
  assert.match((await run('ledger', 'show')).lines.join('\n'), /No record matches/);
});

test('every list is an object with a named array and whether there is more, also when it is empty', async (t) => {
  const { run, data } = await bench(t);
  const shapes = [
    ['device', 'list', 'devices'],
    ['opening', 'list', 'openings'],
    ['client', 'list', 'clients'],
    ['study', 'list', 'studies'],
    ['conflict', 'list', 'conflicts'],
    ['ledger', 'show', 'records'],
  ] as const;
  for (const [group, command, name] of shapes)
    assert.deepEqual((await run(group, command, '--json')).values, [{ [name]: [], more: false }]);
  await run(...addCt1, '--out', join(data, 'ct1'));
  const [listed] = (await run('device', 'list', '--json')).values;
  assert.ok(typeof listed === 'object' && listed !== null && 'devices' in listed && Array.isArray(listed.devices));
  assert.equal(listed.devices.length, 1);
});

test('every show is an object that names what it shows', async (t) => {
  const { run, data } = await bench(t);
  await run(...addCt1, '--out', join(data, 'ct1'));
  const namesOf = async (...words: readonly string[]): Promise<readonly string[]> =>
    Object.keys((await run(...words, '--json')).values[0] ?? {});
  assert.deepEqual(await namesOf('device', 'show', 'CT1'), ['device', 'openings']);
  assert.deepEqual(await namesOf('opening', 'show', 'CT1'), ['opening']);
});

test('opening export as JSON is what it is as YAML, and can be applied', async (t) => {
  const { run, data } = await bench(t);
  const { values } = await run('opening', 'export', '--json');
  const { lines } = await run('opening', 'export');
  assert.deepEqual([values, lines], [[{ openings: [] }], ['openings: []']]);
  const file = join(data, 'openings.json');
  writeFileSync(file, JSON.stringify(values[0]));
  assert.equal((await run('opening', 'apply', file)).status, 0);
});

test('opening list marks what was never used', async (t) => {
  const { run, data } = await bench(t);
  await run(...addCt1, '--out', join(data, 'ct1'));
  assert.match((await run('opening', 'list')).lines.join('\n'), /CT1 .*never used/);
});

test('an exchange device is not said to reach all data', async (t) => {
  const { run, data } = await bench(t);
  const words = ['--purpose', 'exchange', '--reason', 'r', '--until', '2027-06-30', '--out', join(data, 'ex1')];
  const { lines } = await run('device', 'add', 'EX1', ...words);
  assert.match(lines[0] ?? '', /exchange; only studies that are released to it/);
});

test('in a list each warning names what it is about', async (t) => {
  const { run, data } = await bench(t);
  await run(...addCt1, '--out', join(data, 'ct1'));
  for (const list of ['opening', 'device']) {
    const warnings = (await run(list, 'list')).lines.filter((line) => line.startsWith('WARNING'));
    assert.deepEqual(warnings, ['WARNING  CT1: a warning'], list);
  }
});

test('the folder for a signing request speaks of no key that it does not hold', async (t) => {
  const { run, data } = await bench(t);
  const out = join(data, 'ct1');
  writeFileSync(join(data, 'ct1.csr'), '-----BEGIN CERTIFICATE REQUEST-----\n');
  const { lines } = await run(...addCt1, '--csr', join(data, 'ct1.csr'), '--out', out);
  const readme = readFileSync(join(out, 'README.txt'), 'utf8');
  assert.doesNotMatch(readme, /delete it here/);
  assert.match(readme, /key\.pem +is not here: the device has it/);
  assert.doesNotMatch(lines.join('\n'), /Try it/);
});

test('a certificate of another authority: the output says where to get what the device must trust', async (t) => {
  const { run, data } = await bench(t);
  const pem = join(data, 'foreign.pem');
  writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n');
  const bare = await run(...addCt1, '--certificate', pem);
  assert.ok(bare.lines.includes(`It must trust the authority of this server: ${data}/certificates/authority-root.pem`));
  const other = ['device', 'add', 'CT2', ...addCt1.slice(3)];
  const withFolder = await run(...other, '--certificate', pem, '--out', join(data, 'ct2'));
  assert.doesNotMatch(withFolder.lines.join('\n'), /It must trust/);
  assert.ok(existsSync(join(data, 'ct2', 'ca.pem')));
});

test('device renew says until when the certificate before is valid and how to end it, and passes the reason on', async (t) => {
  const { run, data, fake } = await bench(t);
  await run(...addCt1, '--out', join(data, 'ct1'));
  const renew = ['device', 'renew', 'CT1', '--until', '2028-06-30', '--reason', 'the yearly one'];
  const { lines } = await run(...renew, '--out', join(data, 'ct1-2028'));
  const told = lines.find((line) => line.startsWith('The certificate before'));
  assert.match(told ?? '', /stays valid until 2027-06-30 23:59Z/);
  assert.match(told ?? '', /leadglass device revoke CT1 --reason TEXT/);
  const kept = await run(...renew, '--keep-certificate');
  assert.doesNotMatch(kept.lines.join('\n'), /certificate before/);
  assert.deepEqual(fake.reasons, ['the yearly one', 'the yearly one']);
});

test('opening apply shows the difference, and in a script changes nothing without --yes', async (t) => {
  const { run, data } = await bench(t);
  const file = join(data, 'o.yaml');
  writeFileSync(
    file,
    'openings:\n  - {name: CT1, device: CT1, purpose: acquisition, operations: [store], reason: r, until: 2027-06-30}\n',
  );
  const asked = await run('opening', 'apply', file);
  assert.deepEqual([asked.status, asked.lines[0], asked.notes[0]], [1, '+ CT1', 'Nothing was changed.']);
  const applied = await run('opening', 'apply', file, '--yes');
  assert.deepEqual([applied.status, applied.lines.at(-1)], [0, '1 change applied.']);
  writeFileSync(file, 'openings: 5');
  await assert.rejects(run('opening', 'apply', file), code('BAD_REQUEST'));
});

const dicomFile = (byte: number): Buffer =>
  Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(1000, byte)]);

test('import takes a folder, skips what is no DICOM file, and reports each', async (t) => {
  const { run, data, fake } = await bench(t);
  const folder = join(data, 'in');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'a.dcm'), dicomFile(1));
  writeFileSync(join(folder, 'sub', 'b'), dicomFile(2));
  writeFileSync(join(folder, 'notes.txt'), 'hello');
  symlinkSync('/etc/passwd', join(folder, 'link'));
  const { lines, status } = await run('import', folder);
  assert.equal(status, 0);
  assert.equal(fake.imported.length, 2);
  assert.deepEqual(fake.ended, ['import done']);
  assert.equal(lines.at(-1), '2 stored, 0 already here, 0 in conflict, 1 skipped, 0 failed; 2.2 KiB.');
});

test('import of a named file that is no DICOM file ends with status 1', async (t) => {
  const { run, data } = await bench(t);
  writeFileSync(join(data, 'notes.txt'), 'hello');
  const { lines, status } = await run('import', join(data, 'notes.txt'));
  assert.equal(status, 1);
  assert.match(lines[0] ?? '', /^failed .*not a DICOM file/);
  await assert.rejects(run('import', join(data, 'missing')), code('BAD_REQUEST'));
});

test('study export writes numbered files, whole or not at all', async (t) => {
  const { run, data, fake } = await bench(t);
  fake.imported.push(dicomFile(1), dicomFile(0xee));
  const out = join(data, 'out');
  await assert.rejects(run('study', 'export', '1.2', '--out', out));
  assert.deepEqual(readdirSync(join(out, 'series-001-ct')), ['image-00001.dcm']);
  assert.ok(readFileSync(join(out, 'series-001-ct', 'image-00001.dcm')).equals(dicomFile(1)));
  await assert.rejects(run('study', 'export', '1.2', '--out', out), code('BAD_REQUEST'));
  await assert.rejects(run('study', 'export', '9.9', '--out', join(data, 'none')), code('NOT_FOUND'));
  assert.equal(existsSync(join(data, 'none')), false);
});

test('verify by the running server says intact', async (t) => {
  const { run } = await bench(t);
  const { lines, status } = await run('verify');
  assert.deepEqual([lines, status], [['Intact: 2 instances, 10 B, every digest checked.'], 0]);
});

test('config check and show work without a server', async (t) => {
  const { run, data } = await bench(t, { server: false });
  const file = join(data, 'leadglass.yaml');
  writeFileSync(file, 'doors: {dimse: {prot: 1}}');
  const checked = await run('config', 'check');
  assert.deepEqual([checked.status, checked.lines[1]], [1, '  doors.dimse.prot: unknown key; did you mean "port"?']);
  writeFileSync(file, 'aeTitle: PACS1');
  assert.equal((await run('config', 'check')).status, 0);
  assert.match((await run('config', 'show')).lines.join('\n'), /^aeTitle: PACS1$/m);
});

test('a named file that cannot be read is wrong use in every command, and the text says why and what to do', async (t) => {
  const { run, data } = await bench(t);
  const none = join(data, 'none');
  const sub = join(data, 'sub');
  mkdirSync(sub);
  mkdirSync(join(data, 'ledger'));
  writeFileSync(join(data, 'ledger', 'public-key.pem'), '');
  const commandsWith = (file: string): readonly (readonly string[])[] => [
    [...addCt1, '--csr', file, '--out', join(data, 'out')],
    [...addCt1, '--certificate', file],
    ['opening', 'apply', file],
    ['config', 'check', file],
    ['config', 'show', '--config', file],
    ['ledger', 'verify', '--key', file],
    ['ledger', 'verify', '--checkpoint', file],
  ];
  for (const [file, why] of [
    [none, `Cannot read ${none}: there is no such file; check the path`],
    [sub, `Cannot read ${sub}: it is a folder; name a file`],
  ] as const) {
    for (const words of commandsWith(file)) {
      await assert.rejects(
        run(...words),
        (error) => code('BAD_REQUEST')(error) && error instanceof Error && error.message === why,
        words.join(' '),
      );
    }
  }
  assert.equal(existsSync(join(data, 'out')), false);
  await assert.rejects(run('import', none), code('BAD_REQUEST'));
});

test('a file of the data folder that is not there is no wrong use', async (t) => {
  const { run, data } = await bench(t, { server: false });
  for (const words of [
    ['config', 'check'],
    ['ledger', 'verify'],
  ]) {
    await assert.rejects(run(...words), (error) => {
      assert.ok(code('BACKEND_UNAVAILABLE')(error), words.join(' '));
      assert.ok(
        error instanceof Error && error.message.startsWith(`Cannot read ${data}`) && /--data/.test(error.message),
      );
      return true;
    });
  }
  await assert.rejects(run('ledger', 'verify', '--ledger', join(data, 'copy')), code('BAD_REQUEST'));
});

test('account invite prints the link and how long it is good, account list and show what is known', async (t) => {
  const { run, fake } = await bench(t);
  const email = 'ada@hospital.example';
  const invited = await run('account', 'invite', email, '--role', 'physician', '--name', 'Ada Berg');
  assert.match(invited.lines[0] ?? '', /^https:\/\/localhost:8443\/enrol#lgi_/);
  assert.match(invited.lines.join('\n'), /good once, until 2026-11-28/);
  assert.deepEqual(fake.calls, ['account invite by ana']);
  const { values } = await run('account', 'list', '--json');
  assert.partialDeepStrictEqual(values, [{ accounts: [{ email, name: 'Ada Berg', role: 'physician' }], more: false }]);
  assert.match((await run('account', 'list')).lines.join('\n'), /E-MAIL .*STATE[^]*ada@hospital\.example/);
  assert.match((await run('account', 'show', email)).lines.join('\n'), /factors +passkey/);
});

test('account reset says that a second person is needed, and account sessions --end wants a reason', async (t) => {
  const { run } = await bench(t);
  const email = 'ada@hospital.example';
  await run('account', 'invite', email, '--role', 'physician');
  const reset = await run('account', 'reset', email, '--reason', 'telephone lost');
  assert.match(reset.lines.join('\n'), /another administrator or the security officer has to confirm/);
  assert.match((await run('account', 'sessions', email)).lines.join('\n'), /passkey +10\.0\.0\.7/);
  await assert.rejects(run('account', 'sessions', email, '--end'), code('BAD_REQUEST'));
  const ended = await run('account', 'sessions', email, '--end', '--reason', 'stolen');
  assert.deepEqual(ended.lines, [`${email}: 1 session ended.`]);
  assert.deepEqual((await run('account', 'disable', email, '--reason', 'left')).lines, [
    `${email} is disabled; 2 sessions ended.`,
  ]);
});

test('account invite wants a role that there is', async (t) => {
  const { run } = await bench(t);
  await assert.rejects(run('account', 'invite', 'ada@hospital.example', '--role', 'boss'), /physician/);
  await assert.rejects(run('account', 'invite', 'ada@hospital.example'), /--role/);
});
