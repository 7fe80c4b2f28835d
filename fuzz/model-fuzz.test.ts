import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzModels } from './model.fuzz.ts';

test('two seconds of mutated documents end in data sets and refusals', async () => {
  const { inputs } = await fuzzModels({ seconds: 2, seed: 20_261_127 });
  assert.ok(inputs > 100);
});
