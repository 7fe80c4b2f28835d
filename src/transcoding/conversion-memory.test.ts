import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeadglassError } from '../error.ts';
import { ConversionMemory } from './conversion-memory.ts';

const limits = { heldBytesMax: 100, heldBytesPerOwnerMax: 60, memoryWaitMs: 10_000 };

/** 'held' when it was granted at once. */
async function stateOf(taken: Promise<Disposable>): Promise<string> {
  const later = new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')));
  try {
    return await Promise.race<string>([taken.then(() => 'held'), later]);
  } catch (error) {
    return error instanceof LeadglassError ? error.code : String(error);
  }
}

test('one owner gets its share and waits for its own to be given back, while others pass', async () => {
  const memory = new ConversionMemory(limits);
  const first = await memory.take({ owner: 'a', bytes: 40 });
  const second = memory.take({ owner: 'a', bytes: 40 });
  assert.equal(await stateOf(second), 'waits');
  const other = await memory.take({ owner: 'b', bytes: 60 });
  assert.equal(memory.heldBytes, 100);
  other[Symbol.dispose]();
  assert.equal(await stateOf(second), 'waits');
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  assert.equal(memory.heldBytes, 0);
});

test('what is larger than a share, or than all there is, passes alone', async () => {
  const memory = new ConversionMemory(limits);
  const share = await memory.take({ owner: 'a', bytes: 90 });
  assert.equal(await stateOf(memory.take({ owner: 'b', bytes: 20 })), 'waits');
  share[Symbol.dispose]();
  share[Symbol.dispose]();
  assert.equal(memory.heldBytes, 20, 'what waited has it now, and twice given back is once');
  const all = new ConversionMemory(limits);
  assert.equal(await stateOf(all.take({ owner: 'a', bytes: 1000 })), 'held');
});

test('hoarding: others are told to come back later, and do not wait for ever', async () => {
  const memory = new ConversionMemory({ ...limits, memoryWaitMs: 20 });
  await memory.take({ owner: 'a', bytes: 60 });
  await memory.take({ owner: 'b', bytes: 40 });
  const outcome = await memory.take({ owner: 'c', bytes: 1 }).catch((error: unknown) => error);
  assert.ok(outcome instanceof LeadglassError);
  assert.equal(outcome.code, 'OUT_OF_RESOURCES');
  assert.equal(memory.heldBytes, 100);
});

test('who gives up while waiting is not served any more', async () => {
  const memory = new ConversionMemory(limits);
  const held = await memory.take({ owner: 'a', bytes: 60 });
  const stop = new AbortController();
  const waiting = memory.take({ owner: 'a', bytes: 10, signal: stop.signal });
  stop.abort();
  assert.equal(await stateOf(waiting), 'CANCELLED');
  held[Symbol.dispose]();
  assert.equal(memory.heldBytes, 0);
  assert.equal(await stateOf(memory.take({ owner: 'a', bytes: 10, signal: stop.signal })), 'CANCELLED');
});

test('what can be had at once is had, and nobody is overtaken', async () => {
  const memory = new ConversionMemory(limits);
  const first = memory.tryTake({ owner: 'a', bytes: 50 });
  assert.ok(first);
  assert.equal(memory.tryTake({ owner: 'a', bytes: 50 }), undefined, 'beyond its share');
  const waiting = memory.take({ owner: 'a', bytes: 50 });
  assert.equal(memory.tryTake({ owner: 'b', bytes: 10 }), undefined, 'somebody waits');
  first[Symbol.dispose]();
  (await waiting)[Symbol.dispose]();
  assert.equal(memory.heldBytes, 0);
});
