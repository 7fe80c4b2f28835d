import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../test/support/programs.ts';

const repository = join(import.meta.dirname, '../..');

test('once the threads are started the main thread cannot start another, while codecs, sealing and the judging of passwords work', async () => {
  const { status, stdout, stderr } = await runProgram(process.execPath, [
    ...['--permission', '--allow-worker', '--disallow-code-generation-from-strings'],
    ...[`--allow-fs-read=${repository}`, '--disable-warning=SecurityWarning'],
    join(import.meta.dirname, 'threads.test-support.ts'),
  ]);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), {
    before: true,
    atStart: 'ERR_ACCESS_DENIED',
    codecs: 'work',
    isCommon: true,
    afterCodecs: 'ERR_ACCESS_DENIED',
    ...(availableParallelism() > 1 ? { sealing: true } : {}),
  });
});
