import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from './gather.ts';

const tooMuch = new RangeError('too much');

function source(...lengths: readonly number[]) {
  const state = { given: 0, closed: false };
  const memory = new Uint8Array(16);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (const length of lengths) {
        state.given += 1;
        yield memory.fill(state.given).subarray(0, length);
      }
    } finally {
      state.closed = true;
    }
  };
  return { state, chunks: chunks() };
}

test('bytes come in one piece up to the limit, and not beyond it', async () => {
  for (const [bytesMax, isTaken] of [
    [6, false],
    [7, true],
    [8, true],
  ] as const) {
    const { chunks, state } = source(3, 0, 4);
    const gathered = gather(chunks, bytesMax, () => tooMuch);
    if (isTaken) assert.deepEqual([...(await gathered)], [1, 1, 1, 3, 3, 3, 3], 'also from memory that is used again');
    else await assert.rejects(gathered, tooMuch);
    assert.ok(state.closed);
  }
  assert.equal((await gather(source().chunks, 0, () => tooMuch)).length, 0);
});

test('what comes after too much is not waited for', async () => {
  const { chunks, state } = source(5, 5, 5, 5);
  await assert.rejects(
    gather(chunks, 9, () => tooMuch),
    tooMuch,
  );
  assert.deepEqual(state, { given: 2, closed: true });
});
