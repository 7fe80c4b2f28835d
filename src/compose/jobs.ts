/** What is done now and then without anybody asking: today, giving back the space of removed studies. */
import { compact } from '../backends/archive/compact.ts';
import { asLeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import type { Installation } from './installation.ts';

export interface Jobs {
  /** Resolves when the job under way has come to a safe place. */
  stop(): Promise<void>;
}

export function startJobs({ archive }: Pick<Installation, 'archive'>, log: Log): Jobs {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const compactOnce = async (): Promise<void> => {
    try {
      const { segments, freedBytes, movedInstances } = await compact(archive, {
        liveRatioMax: limits.compactionLiveRatioMax,
        signal: stopping.signal,
      });
      if (segments > 0) log.info('job.compacted', { segments, freedBytes, movedInstances });
    } catch (thrown) {
      const error = asLeadglassError(thrown);
      if (error.code !== 'CANCELLED') log.error('job.compaction-failed', { code: error.code, message: error.message });
    }
  };
  const timer = setInterval(() => {
    running = running.then(compactOnce);
  }, limits.compactionIntervalMs);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
