import { backendSuite } from '../backend-suite.ts';
import { dataSetLimits } from '../backend.test-support.ts';
import { MemoryBackend } from './memory-backend.ts';

backendSuite('memory', async (options) => {
  const backend = new MemoryBackend({ dataSetLimits, ...options });
  return { backend, conflicts: () => backend.conflicts, close: async () => undefined };
});
