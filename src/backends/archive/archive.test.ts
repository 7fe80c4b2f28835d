import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../limits.ts';
import { backendSuite } from '../backend-suite.ts';
import { dataSetLimits, MemoryStudyKeys } from '../backend.test-support.ts';
import { Archive } from './archive.ts';
import { listConflicts } from './conflicts.ts';

backendSuite('archive', async (options) => {
  const directory = await mkdtemp(join(tmpdir(), 'leadglass-archive-'));
  const backend = await Archive.open({
    directory,
    keys: new MemoryStudyKeys(),
    limits: { ...limits.archive, freeBytesMin: 0 },
    dataSetLimits,
    ...options,
  });
  return {
    backend,
    conflicts: () => listConflicts(backend).map(({ id }) => id),
    async close() {
      await backend.close();
      await rm(directory, { recursive: true });
    },
  };
});
