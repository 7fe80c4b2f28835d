import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edited } from './package-edits.ts';

const edit = { module: 'a.js', from: 'localStorage.', to: 'nothing.', times: 2 };

test('an edit is made as often as it is expected', () => {
  assert.equal(edited('localStorage.a; localStorage.b', edit), 'nothing.a; nothing.b');
});

test('a package that says it once more, or once less, ends the build', () => {
  assert.throws(() => edited('localStorage.a', edit), /found 1 times/);
  assert.throws(() => edited('localStorage.a localStorage.b localStorage.c', edit), /found 3 times/);
});
