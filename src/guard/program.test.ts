import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRedirectUri } from './program.ts';
import { operationsOfScopes, programScope, scopesWithin } from './program-scope.ts';

test('a redirect address is complete, exact, and comes with TLS or from this very machine', () => {
  for (const good of [
    'https://viewer.example/callback',
    'https://viewer.example:8443/a/b?tenant=1',
    'http://127.0.0.1:4000/',
    'http://localhost/callback',
    'http://[::1]:4000/callback',
  ]) {
    assert.ok(isRedirectUri(good), good);
  }
  for (const bad of [
    'http://viewer.example/callback',
    'https://viewer.example/*',
    'https://*.viewer.example/callback',
    'https://viewer.example/callback#fragment',
    'https://user@viewer.example/callback',
    'https://user:pass@viewer.example/callback',
    'https://viewer.example/a/../callback',
    'https://viewer.example',
    'HTTPS://viewer.example/callback',
    'https://Viewer.example/callback',
    'https://viewer.example:443/callback',
    'https:\\\\viewer.example/callback',
    'https://viewer.example\\@evil.example/',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://0.0.0.0/',
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp://callback',
    '/callback',
    '//viewer.example/callback',
    '',
    ' https://viewer.example/callback',
  ]) {
    assert.ok(!isRedirectUri(bad), bad);
  }
});

test('scopes are operations, narrowed letter by letter; other words are nothing', () => {
  assert.deepEqual(programScope('user/ImagingStudy.rs'), ['get', 'find']);
  assert.deepEqual(programScope('user/ImagingStudy.crs'), ['store', 'get', 'find']);
  for (const word of [
    'user/ImagingStudy.d',
    'user/ImagingStudy.cruds',
    'user/ImagingStudy.sr',
    'user/ImagingStudy.',
    'user/*.rs',
    'system/ImagingStudy.rs',
    'patient/ImagingStudy.rs',
    'user/ImagingStudy.read',
    'openid',
    'constructor',
  ]) {
    assert.equal(programScope(word), undefined, word);
  }
  assert.deepEqual(operationsOfScopes(['openid', 'user/ImagingStudy.s', 'user/ImagingStudy.rs', 'x']), ['find', 'get']);
  assert.deepEqual(scopesWithin('user/ImagingStudy.rs'), [
    'user/ImagingStudy.r',
    'user/ImagingStudy.s',
    'user/ImagingStudy.rs',
  ]);
});
