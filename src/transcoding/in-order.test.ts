import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inOrder, type Part } from './in-order.ts';

const frame = (index: number): Part => ({ index, bytes: Uint8Array.of(index) });

test('frames leave in their order whichever is done first, no more than allowed are under way', async () => {
  let underWay = 0;
  let most = 0;
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    yield Uint8Array.of(100);
    for (let index = 0; index < 20; index += 1) yield frame(index);
    yield Uint8Array.of(101);
  }
  const convert = async ({ index }: { readonly index: number }): Promise<readonly Uint8Array[]> => {
    underWay += 1;
    most = Math.max(most, underWay);
    await sleep(index % 3 === 0 ? 5 : 0);
    underWay -= 1;
    return [Uint8Array.of(index)];
  };
  const came: number[] = [];
  for await (const bytes of inOrder(parts(), convert, 2)) came.push(...bytes);
  assert.deepEqual(came, [100, ...Array.from({ length: 20 }, (_, index) => index), 101]);
  assert.equal(most, 3, 'the one that is waited for, and two ahead');
});

test('what stands before the first frame leaves before it is converted', async () => {
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    yield Uint8Array.of(100);
    yield frame(0);
  }
  const bytes = inOrder(parts(), () => Promise.reject(new Error('not decoded')), 1);
  assert.deepEqual(await bytes.next(), { value: Uint8Array.of(100), done: false });
  await assert.rejects(bytes.next(), /not decoded/);
});

test('a frame that fails does so in its turn, and a later one that fails, too, troubles nobody', async () => {
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    for (let index = 0; index < 4; index += 1) yield frame(index);
  }
  const came: number[] = [];
  const convert = async ({ index }: { readonly index: number }): Promise<readonly Uint8Array[]> => {
    if (index > 0) throw new Error(`frame ${index}`);
    await sleep(2);
    return [Uint8Array.of(index)];
  };
  await assert.rejects(async () => {
    for await (const bytes of inOrder(parts(), convert, 3)) came.push(...bytes);
  }, /frame 1/);
  assert.deepEqual(came, [0]);
});
