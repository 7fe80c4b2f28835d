/** What a browser loads before the viewer stays small, comes compressed, and builds without a network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';

const repository = resolve(import.meta.dirname, '../..');
const dist = join(repository, 'web/dist');
const budgetBytes = 150_000;

before(() => {
  execFileSync(process.execPath, ['scripts/build-console.ts', '--if-needed'], { cwd: repository, stdio: 'ignore' });
});

test('everything before the viewer has less than 150 kB compressed, with brotli and with gzip', () => {
  const files = globSync('**/*.{js,css,html,svg}', { cwd: dist });
  assert.ok(files.length >= 3);
  for (const suffix of ['.br', '.gz']) {
    const sum = files.reduce((bytes, file) => {
      const twin = globSync(`${file}${suffix}`, { cwd: dist })[0] ?? file;
      return bytes + statSync(join(dist, twin)).size;
    }, 0);
    assert.ok(sum < budgetBytes, `${sum} bytes with ${suffix}`);
  }
});

test('the page has no inline script or style, names no other host, and its files carry the digest of their content', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  assert.doesNotMatch(html, /<style|style=|<script(?![^>]*src=)|\son\w+=|https?:\/\//);
  const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
  assert.ok(assets.length >= 2);
  for (const path of assets) assert.match(path, /-[\w-]{8}\.(?:js|css)$/);
});

test('a second build is not made while nothing changed', () => {
  const script = ['scripts/build-console.ts', '--if-needed'];
  const before = statSync(join(dist, 'index.html')).mtimeMs;
  execFileSync(process.execPath, script, { cwd: repository, stdio: 'ignore' });
  assert.equal(statSync(join(dist, 'index.html')).mtimeMs, before);
});
