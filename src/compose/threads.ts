/** The threads beside the main one. They are started before any door opens; afterwards nothing here can start another. */
import { availableParallelism } from 'node:os';
import { SealingThread } from '../backends/archive/store/sealing-thread.ts';
import { limits } from '../limits.ts';

/** Undefined on a machine with one core, where a second thread would only take turns with the first. */
export function startSealingThread(): SealingThread | undefined {
  const thread = availableParallelism() > 1 ? new SealingThread(limits.archive) : undefined;
  // What runs in this process by somebody's trick must not be able to start a thread with other rights.
  if (process.permission?.has('worker')) process.permission.drop('worker');
  return thread;
}
