import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deviceName } from './device-name.ts';

test('a browser is called by its own name and its system', () => {
  const chrome = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36';
  assert.equal(deviceName(chrome), 'Chrome · Windows');
  assert.equal(deviceName(`${chrome} Edg/150.0`), 'Edge · Windows');
  assert.equal(deviceName('something else'), '');
});
