import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiRoutes } from './api-routes.ts';

test('the page about the API names every call, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/console-api.md'), 'utf8');
  const named = [...page.matchAll(/^\| `(?<method>GET|POST) (?<path>[^`]+)` \|/gm)].map(
    ({ groups }) => `${groups?.['method']} ${groups?.['path']}`,
  );
  const served = apiRoutes.map(({ method, path, isOpen }) => `${method} ${path}${isOpen ? '{call}' : ''}`);
  assert.deepEqual(named.toSorted(), served.toSorted());
});
