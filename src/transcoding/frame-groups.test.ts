/** Which fragments make which frame: what a table leads to, what is there without one, and what nobody can tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fragment, frameGroups } from './frame-groups.ts';

const begins = (lengthBytes: number): Fragment => ({ lengthBytes, beginsCodestream: true });
const goesOn = (lengthBytes: number): Fragment => ({ lengthBytes, beginsCodestream: false });
const empty = new Uint8Array(0);
const basicOf = (...starts: readonly number[]) => new Uint8Array(Uint32Array.from(starts).buffer);
const longOf = (...numbers: readonly number[]) => new Uint8Array(BigUint64Array.from(numbers.map(BigInt)).buffer);

interface Tables {
  readonly basic?: Uint8Array;
  readonly extended?: Uint8Array;
  readonly extendedLengths?: Uint8Array;
}
function groups(fragments: readonly Fragment[], frames: number, tables: Tables = {}) {
  const { basic = empty, extended, extendedLengths } = tables;
  return frameGroups(fragments, frames, { basic, extended, extendedLengths }).map(
    ({ fragments: count, lengthBytes }) => [count, lengthBytes],
  );
}
const malformed = { code: 'MALFORMED' };

test('hostile: pixel data without any fragment has no frame, whatever its tables say', () => {
  assert.throws(() => groups([], 1), malformed);
  assert.throws(() => groups([], 1, { basic: basicOf(0) }), malformed);
  assert.throws(() => groups([], 1, { extended: longOf(0), extendedLengths: longOf(0) }), malformed);
  assert.throws(() => groups([], 2), malformed);
});

test('without a table: all of one frame, one each, or by the beginnings of codestreams', () => {
  assert.deepEqual(groups([begins(4), goesOn(6)], 1), [[2, 10]]);
  assert.deepEqual(groups([goesOn(4), goesOn(6)], 2), [
    [1, 4],
    [1, 6],
  ]);
  assert.deepEqual(groups([begins(4), goesOn(2), begins(6)], 2), [
    [2, 6],
    [1, 6],
  ]);
  assert.throws(() => groups([goesOn(4), begins(2), begins(6)], 2), malformed);
  assert.throws(() => groups([begins(4), goesOn(2), goesOn(6)], 2), malformed);
});

test('a table counts when each of its offsets is where a fragment begins', () => {
  const three = [begins(4), goesOn(2), begins(6)];
  assert.deepEqual(groups(three, 2, { basic: basicOf(0, 12) }), [
    [1, 4],
    [2, 8],
  ]);
  for (const basic of [
    basicOf(0, 13),
    basicOf(12, 0),
    basicOf(0, 0),
    basicOf(0, 1000),
    basicOf(0),
    basicOf(0, 12, 22),
  ]) {
    assert.deepEqual(
      groups(three, 2, { basic }),
      [
        [2, 6],
        [1, 6],
      ],
      String(basic),
    );
  }
});

test('an extended table also tells the padding of a fragment, one byte at most', () => {
  const two = [begins(4), begins(6)];
  const extended = longOf(0, 12);
  assert.deepEqual(groups(two, 2, { extended, extendedLengths: longOf(3, 6) }), [
    [1, 3],
    [1, 6],
  ]);
  for (const extendedLengths of [longOf(2, 6), longOf(5, 6), longOf(4), undefined]) {
    const tables = extendedLengths === undefined ? { extended } : { extended, extendedLengths };
    assert.deepEqual(groups(two, 2, tables), [
      [1, 4],
      [1, 6],
    ]);
  }
});
