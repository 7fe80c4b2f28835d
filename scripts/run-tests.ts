/**
 * `npm test`: every test of the tree in one run of Node's own runner. Arguments name files or folders to run fewer;
 * options (`--test-name-pattern=…`) are handed on.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '..');
const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const places = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wanted = places.length === 0 ? ['src', 'test', 'scripts', 'bench', 'fuzz', 'web/src'] : places;
const files = wanted.flatMap((place) =>
  place.endsWith('.ts') ? [place] : globSync(join(place, '**/*.test.ts'), { cwd: repository }),
);
if (files.length === 0) {
  console.error(`No test below ${wanted.join(', ')}`);
  process.exit(2);
}
const result = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=2', '--test-timeout=300000', ...options, ...files.toSorted()],
  { cwd: repository, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
