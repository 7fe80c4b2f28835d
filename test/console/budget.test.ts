/** What a browser loads before the viewer stays small, comes compressed, and builds without a network. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';

const repository = resolve(import.meta.dirname, '../..');
const dist = join(repository, 'web/dist');
const budgetBytes = 150_000;

before(() => {
  execFileSync(process.execPath, ['scripts/build-console.ts', '--if-needed'], { cwd: repository, stdio: 'ignore' });
});

/** The page's own files and whatever they import at once; what they import on demand comes with the viewer. */
function filesBeforeViewer(): readonly string[] {
  const found = new Set(['index.html']);
  const waiting = [...readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/([^"]+)"/g)].map(
    ([, path]) => path ?? '',
  );
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (found.has(path)) continue;
    found.add(path);
    if (!path.endsWith('.js')) continue;
    const text = readFileSync(join(dist, path), 'utf8');
    for (const [, name] of text.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g)) waiting.push(`assets/${name}`);
  }
  return [...found];
}

test('everything before the viewer has less than 150 kB compressed, with brotli and with gzip', () => {
  const files = filesBeforeViewer();
  assert.ok(files.length >= 4, files.join(', '));
  for (const suffix of ['.br', '.gz']) {
    const sum = files.reduce((bytes, file) => {
      const twin = join(dist, file + suffix);
      return bytes + statSync(existsSync(twin) ? twin : join(dist, file)).size;
    }, 0);
    assert.ok(sum > 40_000 && sum < budgetBytes, `${sum} bytes with ${suffix}`);
  }
});

test('the viewer comes by itself, in less than 650 kB, without code from text, workers, or a place in the browser’s storage', () => {
  const [viewer = '', ...others] = globSync('assets/viewer-*.js', { cwd: dist });
  assert.equal(others.length, 0);
  assert.ok(!filesBeforeViewer().includes(viewer));
  assert.ok(statSync(join(dist, `${viewer}.br`)).size < 650_000);
  const text = readFileSync(join(dist, viewer), 'utf8');
  assert.doesNotMatch(
    text,
    /new Function\(|[^.\w]eval\(|new Worker\(|localStorage|sessionStorage|indexedDB|innerHTML|WebAssembly/,
  );
  assert.doesNotMatch(text, /setAttribute\(["'`]style["'`]/);
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
