import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzDataSets } from './data-set.fuzz.ts';

test('two seconds of mutated data sets end in answers and refusals', async () => {
  const { inputs } = await fuzzDataSets({ seconds: 2, seed: 20_261_125 });
  assert.ok(inputs > 100);
});
