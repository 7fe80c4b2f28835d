import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { asLeadglassError } from '../../error.ts';
import type { Backend } from '../backend.ts';
import { dataSetLimits, makeInstance, passFor, retrieveStudy, storeInstance } from '../backend.test-support.ts';
import { findAll } from '../backend-suite.ts';
import { MemoryBackend } from '../memory/memory-backend.ts';
import type { Archive } from './archive.ts';
import { testArchive } from './archive.test-support.ts';
import { compact } from './compact.ts';
import { listConflicts } from './conflicts.ts';
import { verify } from './verify.ts';

type Step =
  | { readonly kind: 'store'; readonly study: number; readonly instance: number; readonly variant: number }
  | { readonly kind: 'remove'; readonly study: number; readonly step: 'request' | 'undo' | 'finish' }
  | { readonly kind: 'resolve'; readonly keep: 'stored' | 'arrived' }
  | { readonly kind: 'reopen' | 'rebuild' | 'compact' };

const small = fc.integer({ min: 1, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('store' as const), study: small, instance: small, variant: small }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      study: small,
      step: fc.constantFrom('request' as const, 'undo' as const, 'finish' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('resolve' as const),
      keep: fc.constantFrom('stored' as const, 'arrived' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('reopen' as const, 'rebuild' as const, 'compact' as const) }),
  },
);

/** What the step answered: a result, or the code of its error. */
async function run(backend: Backend, one: Step, conflicts: readonly number[]): Promise<unknown> {
  try {
    if (one.kind === 'store') {
      const pixels = Buffer.alloc(one.variant * 40_000, one.variant);
      return (await storeInstance(backend, makeInstance({ ...one, pixels }))).result;
    }
    if (one.kind === 'remove') {
      const { studyInstanceUid } = makeInstance({ study: one.study });
      return await backend.remove(passFor({ kind: 'remove', studyInstanceUid, step: one.step, reason: 'test' }));
    }
    if (one.kind === 'resolve') {
      const [conflictId] = conflicts;
      if (conflictId === undefined) return 'nothing to decide';
      return await backend.resolve(passFor({ kind: 'resolve', conflictId, keep: one.keep, reason: 'test' }));
    }
    return undefined;
  } catch (error) {
    return asLeadglassError(error).code;
  }
}

async function contents(backend: Backend): Promise<unknown> {
  const all: unknown[] = [(await findAll(backend, [])).length];
  for (const study of [1, 2]) {
    const got = await retrieveStudy(backend, makeInstance({ study }).studyInstanceUid);
    all.push(got.map(({ sopInstanceUid, bytes }) => [sopInstanceUid, bytes.length]));
  }
  return all;
}

test('stores, removals and decisions answer as the memory backend does, across restarts, rebuilds and compaction', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), async (steps) => {
      await using place = await testArchive();
      const limits = { segmentBytesMax: 150_000 };
      let archive: Archive = await place.open({ limits });
      try {
        const memory = new MemoryBackend({ dataSetLimits, retentionDays: 0 });
        for (const one of steps) {
          if (one.kind === 'reopen') {
            await archive.close();
            archive = await place.open({ limits });
          } else if (one.kind === 'rebuild') await archive.rebuildIndex();
          else if (one.kind === 'compact') await compact(archive, { liveRatioMax: 1 });
          const conflicts = listConflicts(archive).map(({ id }) => id);
          assert.equal(conflicts.length, memory.conflicts.length);
          assert.deepEqual(await run(archive, one, conflicts), await run(memory, one, memory.conflicts));
          assert.deepEqual(await contents(archive), await contents(memory));
        }
        assert.deepEqual((await verify(archive)).problems, []);
      } finally {
        await archive.close();
      }
    }),
    {
      numRuns: 25,
      // Found before: keeping the arrived one brought a study back whose removal had been requested.
      examples: [
        [
          [
            { kind: 'store', study: 1, instance: 2, variant: 2 },
            { kind: 'store', study: 1, instance: 2, variant: 1 },
            { kind: 'remove', study: 1, step: 'request' },
            { kind: 'resolve', keep: 'arrived' },
            { kind: 'store', study: 1, instance: 1, variant: 1 },
            { kind: 'reopen' },
          ],
        ],
      ],
    },
  );
});
