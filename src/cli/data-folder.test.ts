import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutDataFolder } from './data-folder.ts';

const cases: readonly (readonly [given: string, left: string])[] = [
  ['status', 'status'],
  ['--data d status', 'status'],
  ['status --data=d --json', 'status --json'],
  ['import --data d a.dcm --data e b.dcm', 'import a.dcm b.dcm'],
  ['import --data --data a.dcm', 'import a.dcm'],
  ['import -- --data d', 'import -- --data d'],
  ['import --data d -- --data=e', 'import -- --data=e'],
  ['import --database x', 'import --database x'],
];

for (const [given, left] of cases) {
  test(`the data folder is left out of "${given}"`, () => {
    assert.deepEqual(withoutDataFolder(given.split(' ')), left.split(' '));
  });
}
