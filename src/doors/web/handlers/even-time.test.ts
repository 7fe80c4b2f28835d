/** Why there is nothing shows in no time: searches and retrieves that find nothing answer at the end of a slot. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataSetLimits, makeInstance } from '../../../backends/backend.test-support.ts';
import { MemoryBackend } from '../../../backends/memory/memory-backend.ts';
import { limits } from '../../../limits.ts';
import { untilSlotEnds } from './even-time.ts';
import { webHouse } from './handlers.test-support.ts';

const slotMs = 300;
/** A timer may be early by what it was rounded. */
const roundedMs = 2;

/** The shortest of some, since a busy machine only makes them longer. */
async function shortest(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 3; turn += 1) {
    const started = performance.now();
    await work();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

test('a slot ends after its length, and the next one after two', async () => {
  for (const [tookMs, slots] of [
    [0, 1],
    [slotMs / 2, 1],
    [slotMs * 1.5, 2],
  ] as const) {
    const ms = await shortest(async () => {
      const started = performance.now();
      await sleep(tookMs);
      await untilSlotEnds(started, slotMs);
    });
    assert.ok(ms >= slots * slotMs - roundedMs && ms < (slots + 0.6) * slotMs, `${tookMs}: ${ms}`);
  }
});

/** What is looked for beyond the scope takes a part of a slot, what is not here no time. */
class Slow extends MemoryBackend {
  override async *find(...given: Parameters<MemoryBackend['find']>): ReturnType<MemoryBackend['find']> {
    if (JSON.stringify(given[0].operation.query.keys).includes('1.2.3.1')) await sleep(slotMs / 5);
    yield* super.find(...given);
  }
  override async *retrieve(...given: Parameters<MemoryBackend['retrieve']>): ReturnType<MemoryBackend['retrieve']> {
    if (JSON.stringify(given[0].operation.keys).includes('1.2.3.1')) await sleep(slotMs / 5);
    yield* super.retrieve(...given);
  }
}

test('timing attack: a study that may not be seen takes as long as one that is not here, by search and by both ways to retrieve', async () => {
  const small = { ...limits, web: { ...limits.web, nothingSlotMs: slotMs } };
  await using web = await webHouse({ backend: new Slow({ dataSetLimits, retentionDays: 0 }), limits: small });
  await web.keep(makeInstance());
  const session = await web.sessionOf({ name: 'MRONLY', purpose: 'reading', scope: { modalities: ['MR'] } });
  const instance = (study: number): string =>
    `/studies/1.2.3.${study}/series/1.2.3.${study}.1/instances/1.2.3.${study}.1.1`;
  for (const path of [
    (study: number) => `/studies?StudyInstanceUID=1.2.3.${study}`,
    (study: number) => `${instance(study)}/metadata`,
    (study: number) =>
      `/wado?requestType=WADO&studyUID=1.2.3.${study}&seriesUID=1.2.3.${study}.1&objectUID=1.2.3.${study}.1.1`,
  ]) {
    const ask = (study: number) => () => web.ask(path(study), { session }).catch(() => undefined);
    const [forbidden, unknown] = [await shortest(ask(1)), await shortest(ask(9))];
    assert.ok(unknown >= slotMs - roundedMs, `${path(9)}: ${unknown} ms`);
    assert.ok(Math.abs(forbidden - unknown) < slotMs / 8, `${path(1)}: ${forbidden} and ${unknown} ms`);
  }
});
