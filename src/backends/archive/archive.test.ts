import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../limits.ts';
import { backendSuite } from '../backend-suite.ts';
import { dataSetLimits, MemoryStudyKeys } from '../backend.test-support.ts';
import { Archive } from './archive.ts';
import { listConflicts } from './conflicts.ts';
import { SealingThread } from './store/sealing-thread.ts';

for (const [name, makeThread] of [
  ['archive', () => undefined],
  [
    'archive with a sealing thread',
    () => new SealingThread({ ...limits.archive, chunkBytes: 4096, extentBytes: 32_768 }),
  ],
] as const) {
  backendSuite(name, async (options) => {
    const directory = await mkdtemp(join(tmpdir(), 'leadglass-archive-'));
    const sealingThread = makeThread();
    const backend = await Archive.open({
      directory,
      keys: new MemoryStudyKeys(),
      // With the thread small chunks and extents, so that instances of some kilobytes have several.
      limits: {
        ...limits.archive,
        freeBytesMin: 0,
        ...(sealingThread === undefined ? {} : { chunkBytes: 4096, extentBytes: 32_768 }),
      },
      dataSetLimits,
      ...(sealingThread === undefined ? {} : { sealingThread }),
      ...options,
    });
    return {
      backend,
      conflicts: () => listConflicts(backend).map(({ id }) => id),
      async close() {
        await backend.close();
        await sealingThread?.close();
        await rm(directory, { recursive: true });
      },
    };
  });
}
