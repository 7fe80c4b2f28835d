import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseRoute, pathOf } from './route.ts';

test('an address leads to its section and what follows it, decoded', () => {
  assert.deepEqual(parseRoute('/'), { section: '', rest: [] });
  assert.deepEqual(parseRoute('/openings/OLD%201'), { section: 'openings', rest: ['OLD 1'] });
  assert.deepEqual(parseRoute('/studies/'), { section: 'studies', rest: [] });
});

test('what is no section, and what cannot be decoded, is no page', () => {
  for (const path of ['/nothing', '//studies', '/studies/%', '/dicom-web/studies'])
    assert.equal(parseRoute(path), undefined, path);
});

test('whatever a thing is called, its address leads back to its name', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
      fc.pre(name.isWellFormed());
      assert.deepEqual(parseRoute(pathOf('openings', name)), { section: 'openings', rest: [name] });
    }),
  );
});
