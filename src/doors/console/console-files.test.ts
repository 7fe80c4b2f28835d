import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { consolePolicy, type FileAnswer, readConsoleFiles } from './console-files.ts';
import { isConsolePath } from './console-sections.ts';

function built(): string {
  const folder = mkdtempSync(join(tmpdir(), 'leadglass-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>x</title>');
  writeFileSync(join(folder, 'assets/app-abc123.js'), 'plain');
  writeFileSync(join(folder, 'assets/app-abc123.js.br'), 'brotli');
  writeFileSync(join(folder, 'assets/app-abc123.js.gz'), 'gzip');
  writeFileSync(join(folder, 'theme.js'), 'theme');
  return folder;
}
const fieldsOf = ({ headers }: FileAnswer): Record<string, string> => Object.fromEntries(headers);
const textOf = ({ body }: FileAnswer): string => Buffer.from(body ?? []).toString();

test('an address of the console gets the page, which is not stored and runs only its own scripts', () => {
  const files = readConsoleFiles(built());
  for (const path of ['/', '/studies', '/studies/1.2.840', '/enrol', '/openings/CT1']) {
    const found = files.find(path)?.({});
    assert.ok(found, path);
    assert.equal(found.status, 200);
    const fields = fieldsOf(found);
    assert.equal(fields['cache-control'], 'no-store');
    assert.equal(fields['content-security-policy'], consolePolicy);
    assert.equal(fields['content-type'], 'text/html; charset=utf-8');
  }
  assert.doesNotMatch(consolePolicy, /unsafe|\*/);
});

test('what is no address of the console and no built file is not there, compressed twins and climbing paths included', () => {
  const files = readConsoleFiles(built());
  const strange = [
    '/nothing',
    '/assets/app-abc123.js.br',
    '/assets/../index.html',
    '/assets/%2e%2e/index.html',
    '//',
    '/studies/1/2/3/4/5',
    '/constructor',
  ];
  for (const path of strange) assert.equal(files.find(path), undefined, path);
});

test('a hashed file is kept for ever and comes in the best encoding that the browser takes', () => {
  const files = readConsoleFiles(built());
  const get = (acceptEncoding?: string): FileAnswer => {
    const found = files.find('/assets/app-abc123.js');
    assert.ok(found);
    return found(acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding });
  };
  assert.equal(textOf(get('gzip, deflate, br, zstd')), 'brotli');
  assert.equal(textOf(get('gzip')), 'gzip');
  assert.equal(textOf(get('br;q=0, gzip;q=0.5')), 'gzip');
  assert.equal(textOf(get('*')), 'brotli');
  assert.equal(textOf(get()), 'plain');
  const fields = fieldsOf(get('br'));
  assert.equal(fields['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(fields['content-encoding'], 'br');
  assert.equal(fields['vary'], 'accept-encoding');
  assert.equal(fields['content-type'], 'text/javascript; charset=utf-8');
});

test('each encoding has its own entity tag, and whoever has it already gets 304', () => {
  const found = readConsoleFiles(built()).find('/assets/app-abc123.js');
  assert.ok(found);
  const tags = ['br', 'gzip', ''].map((coding) => fieldsOf(found({ 'accept-encoding': coding }))['etag'] ?? '');
  assert.equal(new Set(tags).size, 3);
  const again = found({ 'accept-encoding': 'br', 'if-none-match': `"other", W/${tags[0]}` });
  assert.equal(again.status, 304);
  assert.equal(again.body, undefined);
  assert.equal(found({ 'accept-encoding': 'gzip', 'if-none-match': tags[0] }).status, 200);
});

test('a server whose console was not built says what to type', () => {
  const files = readConsoleFiles(join(tmpdir(), 'leadglass-nothing-here'));
  const page = files.find('/')?.({});
  assert.ok(page);
  assert.match(textOf(page), /npm run console:build/);
  assert.doesNotMatch(textOf(page), /<script/);
  assert.match(fieldsOf(page)['content-security-policy'] ?? '', /style-src 'sha256-/);
  assert.equal(files.find('/nothing'), undefined);
});

test('addresses of the console are its sections and what is below them', () => {
  assert.equal(isConsolePath('/people/3'), true);
  assert.equal(isConsolePath('/studies/1.2.840.10008'), true);
  assert.equal(isConsolePath('/Studies'), false);
  assert.equal(isConsolePath('/people/ada%40hospital.example'), true);
  assert.equal(isConsolePath('/app.js'), false);
});
