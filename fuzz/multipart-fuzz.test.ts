import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzMultipart } from './multipart.fuzz.ts';

test('two seconds of mutated multipart messages end in parts and refusals', async () => {
  const { inputs, taken } = await fuzzMultipart({ seconds: 2, seed: 20_261_127 });
  assert.ok(inputs > 100 && taken > 10);
});
