import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkChannel } from './chunk-channel.ts';

test('chunks come in order, and a write waits until its chunk was consumed', async () => {
  const channel = chunkChannel();
  const got: number[] = [];
  const reading = (async () => {
    for await (const chunk of channel.chunks) got.push(chunk[0] ?? -1);
  })();
  for (const value of [1, 2, 3]) {
    const memory = Uint8Array.of(value);
    await channel.write(memory);
    memory.fill(99);
  }
  channel.end();
  await reading;
  assert.deepEqual(got, [1, 2, 3]);
});

test('a producer that fails makes the consumer throw', async () => {
  const channel = chunkChannel();
  const reading = (async () => {
    for await (const _ of channel.chunks);
  })();
  await channel.write(Uint8Array.of(1));
  channel.fail(new Error('torn'));
  await assert.rejects(reading, /torn/);
});

test('a consumer that gives up does not block the producer', async () => {
  const channel = chunkChannel();
  const reading = (async () => {
    for await (const _ of channel.chunks) break;
  })();
  await channel.write(Uint8Array.of(1));
  await reading;
  await channel.write(Uint8Array.of(2));
});
