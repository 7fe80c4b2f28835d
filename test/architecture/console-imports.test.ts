/** The console knows the server's types and two leaves; the server does not know the console. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const repository = resolve(import.meta.dirname, '../..');
const leaves = ['src/doors/console/console-sections.ts', 'src/guard/roles.ts'];

function importsOf(file: string): { readonly to: string; readonly typeOnly: boolean }[] {
  const text = readFileSync(join(repository, file), 'utf8');
  const pattern = /^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?'(\.[^']+)';/gm;
  return [...text.matchAll(pattern)].map(([, type, path]) => ({
    to: relative(repository, join(repository, dirname(file), path ?? '')),
    typeOnly: type !== undefined,
  }));
}

test('the console takes types from the server, and as values its two leaves alone', () => {
  const files = globSync('web/src/**/*.{ts,tsx}', { cwd: repository }).filter((file) => !file.includes('.test.'));
  assert.ok(files.length > 50);
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter(({ to, typeOnly }) => !to.startsWith('web/') && !typeOnly && !leaves.includes(to))
      .map(({ to }) => `${file} imports ${to}`),
  );
  assert.deepEqual(wrong, []);
});

test('the leaves that both sides share import nothing', () => {
  for (const leaf of leaves) assert.deepEqual(importsOf(leaf), [], leaf);
});

test('nothing of the server imports the console', () => {
  const files = globSync('src/**/*.ts', { cwd: repository });
  const wrong = files.filter((file) => importsOf(file).some(({ to }) => to.startsWith('web/')));
  assert.deepEqual(wrong, []);
});
