import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

const launcher = resolve(import.meta.dirname, '../../bin/leadglass');

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'leadglass-launcher-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function run(
  program: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
) {
  return spawnSync(program, words, { encoding: 'utf8', timeout: 20_000, ...options });
}

test('it runs through symbolic links from any folder', (t) => {
  const place = folder(t);
  symlinkSync(launcher, join(place, 'first'));
  symlinkSync('first', join(place, 'second'));
  const { status, stdout } = run(join(place, 'second'), ['--version'], { cwd: place });
  assert.deepEqual([status, /^\d+\.\d+\.\d+\n$/.test(stdout)], [0, true]);
});

test('without an install, and without the install script, it says what to type', (t) => {
  const place = folder(t);
  mkdirSync(join(place, 'bin'));
  cpSync(launcher, join(place, 'bin/leadglass'));
  const bare = run(join(place, 'bin/leadglass'), ['status']);
  assert.equal(bare.status, 3);
  assert.match(bare.stderr, /npm ci/);
  mkdirSync(join(place, 'node_modules/node'), { recursive: true });
  const scriptless = run(join(place, 'bin/leadglass'), ['status']);
  assert.equal(scriptless.status, 3);
  assert.match(scriptless.stderr, /npm rebuild node/);
});

test('wrong use ends with 2, no server with 3, and neither makes a data folder', (t) => {
  const place = folder(t);
  const data = join(place, 'data');
  for (const words of [['nothing'], ['status', '--nothing'], ['--data'], []]) {
    const { status } = run(launcher, ['--data', data, ...words].slice(words[0] === '--data' ? 2 : 0), { cwd: place });
    assert.equal(status, 2, words.join(' '));
  }
  const noPort = run(launcher, ['echo', 'localhost', '--plain', '--calling', 'A', '--called', 'B'], { cwd: place });
  assert.equal(noPort.status, 2);
  assert.match(noPort.stderr, /localhost is no HOST:PORT/);
  for (const words of [['verify'], ['index', 'rebuild'], ['ledger', 'verify']]) {
    const alone = run(launcher, [...words, '--data', data]);
    assert.equal(alone.status, 3, words.join(' '));
    assert.ok(alone.stderr.includes(data), alone.stderr);
  }
  const noConfig = run(launcher, ['serve', '--data', join(place, 'other'), '--config', join(place, 'none.yaml')]);
  assert.deepEqual([noConfig.status, existsSync(join(place, 'other'))], [2, false]);
  assert.match(noConfig.stderr, /none\.yaml: there is no such file; check the path$/m);
  const { status, stderr } = run(launcher, ['status', `--data=${data}`]);
  assert.equal(status, 3);
  assert.match(stderr, new RegExp(`No Leadglass server is running on ${data}`));
  assert.equal(run(launcher, ['serve', '--help', '--data', data]).status, 0);
  assert.equal(existsSync(data), false);
});

test('the first help shows how to begin', () => {
  const { status, stdout } = run(launcher, ['--help']);
  assert.equal(status, 0);
  assert.match(stdout, /Examples:\n {2}leadglass serve\n/);
});

test('a misspelt command gets a suggestion', () => {
  assert.match(run(launcher, ['stauts']).stderr, /Did you mean "status"\?/);
});

test('NODE_OPTIONS of the environment does not get in', (t) => {
  const place = folder(t);
  writeFileSync(
    join(place, 'evil.cjs'),
    `require('node:fs').writeFileSync(${JSON.stringify(join(place, 'was-here'))}, '')`,
  );
  run(launcher, ['--version'], { env: { ...process.env, NODE_OPTIONS: `--require ${join(place, 'evil.cjs')}` } });
  assert.equal(existsSync(join(place, 'was-here')), false);
});

test('attack: providers, authorities and trust of the environment do not get in', (t) => {
  const place = folder(t);
  mkdirSync(join(place, 'bin'));
  mkdirSync(join(place, 'node_modules/node/bin'), { recursive: true });
  cpSync(launcher, join(place, 'bin/leadglass'));
  writeFileSync(join(place, 'node_modules/node/bin/node'), '#!/bin/sh\nenv\n', { mode: 0o755 });
  const names = ['OPENSSL_CONF', 'OPENSSL_MODULES', 'OPENSSL_ENGINES', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
  names.push('NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'NODE_TLS_REJECT_UNAUTHORIZED');
  const hostile = Object.fromEntries(names.map((name) => [name, '0']));
  const { stdout } = run(join(place, 'bin/leadglass'), ['status'], { env: { ...process.env, ...hostile } });
  assert.match(stdout, /^LEADGLASS_DATA=/m);
  for (const name of names) assert.doesNotMatch(stdout, new RegExp(`^${name}=`, 'm'), name);
});

test('attack: a folder in place of a file that the configuration names is not opened to the server', (t) => {
  const place = folder(t);
  mkdirSync(join(place, 'bin'));
  mkdirSync(join(place, 'node_modules/node/bin'), { recursive: true });
  mkdirSync(join(place, 'private'));
  writeFileSync(join(place, 'key.pem'), '');
  cpSync(launcher, join(place, 'bin/leadglass'));
  // Asked for files it names both; asked to serve it says with which rights.
  const program = `#!/bin/sh
case "$*" in *'config files'*) printf '%s\\n' '${place}/private' '${place}/key.pem' ;; *) printf '%s\\n' "$@" ;; esac\n`;
  writeFileSync(join(place, 'node_modules/node/bin/node'), program, { mode: 0o755 });
  writeFileSync(join(place, 'leadglass.yaml'), 'certificate: { from: files }');
  const { stdout } = run(join(place, 'bin/leadglass'), ['serve', '--config', join(place, 'leadglass.yaml')], {
    cwd: place,
  });
  assert.ok(stdout.includes(`--allow-fs-read=${place}/key.pem\n`), stdout);
  assert.ok(!stdout.includes('private'), stdout);
});

test('a first start opens two doors on loopback and nothing to anybody; a second finds everything again; both stop cleanly', async (t) => {
  const place = folder(t);
  const data = join(place, 'data');
  const config = join(place, 'leadglass.yaml');
  writeFileSync(config, 'doors: {dimse: {port: 0}, console: {port: 0}}');
  const fingerprints: string[] = [];
  for (const start of ['first', 'second']) {
    const server = spawn(launcher, ['serve', '--config', config, '--data', data], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => server.kill('SIGKILL'));
    let text = '';
    server.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    while (!text.includes('Ctrl-C'))
      await Promise.race([once(server.stdout, 'data'), once(server, 'exit').then(() => assert.fail(text))]);
    assert.match(text, /127\.0\.0\.1:\d+ \(DICOM over TLS\)/);
    assert.match(text, /https:\/\/localhost:\d+/);
    assert.match(text, /0 openings/);
    assert.equal(text.includes('first start'), start === 'first');
    assert.equal(statSync(data).mode & 0o777, 0o700);
    assert.equal(run(launcher, ['status', '--json', '--data', data]).status, 0);
    fingerprints.push(readFileSync(join(data, 'ledger/public-key.pem'), 'utf8'));
    server.kill('SIGTERM');
    const [code] = await once(server, 'exit');
    assert.equal(code, 0);
    assert.equal(existsSync(join(data, 'control.sock')), false);
  }
  assert.equal(fingerprints[0], fingerprints[1]);
  const { status, stdout } = run(launcher, ['ledger', 'verify', '--data', data]);
  assert.deepEqual([status, stdout.startsWith('Intact: ')], [0, true]);
});
