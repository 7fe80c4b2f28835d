import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameAt } from './model.test-support.ts';
import { chosenPreset, presetsFor } from './presets.ts';

test('CT has its own windows, the usual ones and the full range; others have no usual ones, colours none at all', () => {
  const windows = [{ center: 40, width: 400 }];
  const kinds = (modality: string) => presetsFor(frameAt(0, { modality, windows })).map(({ kind }) => kind);
  assert.deepEqual(kinds('CT'), ['stored', 'usual', 'usual', 'usual', 'usual', 'usual', 'full']);
  assert.deepEqual(kinds('MR'), ['stored', 'full']);
  assert.deepEqual(presetsFor(frameAt(0, { kind: 'picture' })), []);
});

test('the window that is set is found again, also after rounding; another one is nobody’s', () => {
  const presets = presetsFor(frameAt(0, { modality: 'CT', windows: [] }));
  assert.equal(presets[chosenPreset(presets, { center: 500.2, width: 2000.5 })]?.name, 'bone');
  assert.equal(chosenPreset(presets, { center: 1, width: 7 }), -1);
  assert.equal(chosenPreset(presets, undefined), -1);
});
