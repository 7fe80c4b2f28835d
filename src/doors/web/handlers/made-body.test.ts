/** Answers that are made as a whole: what they hold, for how long, and what a peer gets whose right has ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instanceOf, type TestInstance } from '../../../backends/backend.test-support.ts';
import { LeadglassError } from '../../../error.ts';
import { limits } from '../../../limits.ts';
import { report, text } from '../../../rendering/report/report.test-support.ts';
import { ConversionMemory } from '../../../transcoding/conversion-memory.ts';
import { servicesInThread } from '../../../transcoding/transcoding.test-support.ts';
import type { WebResponse } from '../web-handler.ts';
import { type WebHouse, webHouse } from './handlers.test-support.ts';

const mebibyte = 1024 ** 2;
const url = '/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1/rendered';
const page = { accept: 'text/html' };

function longReport(): TestInstance {
  return instanceOf(report([text('Words', 'w'.repeat(3 * mebibyte))]));
}

interface Scene extends AsyncDisposable {
  readonly web: WebHouse;
  readonly memory: ConversionMemory;
}

async function scene(heldBytesPerOwnerMax: number): Promise<Scene> {
  const transcoding = { ...limits.transcoding, heldBytesPerOwnerMax, memoryWaitMs: 50 };
  const memory = new ConversionMemory(transcoding);
  const web = await webHouse({ transcoding: { ...servicesInThread(), memory } });
  await web.keep(longReport());
  return { web, memory, [Symbol.asyncDispose]: () => web[Symbol.asyncDispose]() };
}

async function first(answer: WebResponse): Promise<AsyncIterator<Uint8Array>> {
  assert.ok(answer.body !== undefined && !(answer.body instanceof Uint8Array));
  const pieces = answer.body[Symbol.asyncIterator]();
  assert.notEqual((await pieces.next()).done, true);
  return pieces;
}

test('memory exhaustion: a device that asks for many pages and reads none holds its own share only', async () => {
  await using here = await scene(8 * mebibyte);
  const { web, memory } = here;
  const requests: AbortController[] = [];
  const refused: unknown[] = [];
  for (let asked = 0; asked < 6; asked += 1) {
    const over = new AbortController();
    requests.push(over);
    await web.open(url, { headers: page, signal: over.signal }).catch((error: unknown) => refused.push(error));
  }
  assert.ok(memory.heldBytes > 0 && memory.heldBytes <= 8 * mebibyte, `${memory.heldBytes}`);
  assert.ok(refused.length >= 4);
  for (const error of refused) assert.ok(error instanceof LeadglassError && error.code === 'OUT_OF_RESOURCES');
  for (const over of requests) over.abort();
  assert.equal(memory.heldBytes, 0, 'also of what nobody has begun to read');
  assert.equal((await web.ask(url, { headers: page })).status, 200);
  assert.equal(memory.heldBytes, 0);
});

test('revocation while an answer from memory is on its way: not one piece more leaves', async () => {
  await using here = await scene(128 * mebibyte);
  const over = new AbortController();
  const answer = await here.web.open(url, { headers: page, signal: over.signal });
  const pieces = await first(answer);
  over.abort();
  await assert.rejects(async () => await pieces.next(), { code: 'CANCELLED' });
  assert.equal(here.memory.heldBytes, 0);
});
