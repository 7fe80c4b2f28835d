/** The pool in a process with the server's own options: the launcher's, and the right to start workers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../../test/support/programs.ts';

const repository = resolve(import.meta.dirname, '../../..');

/** The options that stand in the launcher, so that a change of it is tested here. */
function serverOptions(): readonly string[] {
  const launcher = readFileSync(join(repository, 'bin/leadglass'), 'utf8');
  const named = (name: string): readonly string[] =>
    new RegExp(`^\\s*${name}='([^']*)'`, 'm').exec(launcher)?.[1]?.split(' ') ?? [];
  const [hardened, memory] = [named('hardened'), named('memory')];
  assert.ok(hardened.includes('--disallow-code-generation-from-strings'));
  assert.ok(memory.length > 1);
  const readable = ['src', 'package.json', 'node_modules'].map((part) => `--allow-fs-read=${join(repository, part)}`);
  return [...memory, '--permission', '--allow-net', '--allow-worker', ...hardened, ...readable];
}

async function run(...parameters: readonly string[]): Promise<Record<string, unknown>> {
  const script = join(import.meta.dirname, 'rights.test-support.ts');
  const { status, stdout, stderr } = await runProgram(process.execPath, [...serverOptions(), script, ...parameters]);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the script
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('with the options of the server the codecs work, and its main thread cannot start a thread afterwards', async () => {
  assert.deepEqual(await run(), {
    before: true,
    after: 'ERR_ACCESS_DENIED',
    roundTrips: ['same', 'same', 'same', 'same'],
  });
});

test('a worker can read no file, reach no network, start no thread, and sees no environment', async () => {
  const { after, worker } = await run('worker');
  assert.equal(after, 'ERR_ACCESS_DENIED');
  assert.equal(worker, ';ERR_ACCESS_DENIED;0');
});
