/**
 * The threads beside the main one: the sealing thread, the one that judges passwords, and the supervisor of the codecs, which alone
 * may start others later. All are started before any door opens; afterwards nothing here can start one.
 */
import { availableParallelism } from 'node:os';
import { SealingThread } from '../backends/archive/store/sealing-thread.ts';
import { CodecPool } from '../codecs/pool/codec-pool.ts';
import { limits } from '../limits.ts';
import type { Log } from '../log.ts';
import { PasswordJudgeThread } from '../people/password/password-judge.ts';

export interface Threads extends AsyncDisposable {
  /** Undefined on a machine with one core, where a second thread would only take turns with the first. */
  readonly sealing: SealingThread | undefined;
  /** Asleep until somebody chooses a password. */
  readonly passwordJudge: PasswordJudgeThread;
  readonly codecs: CodecPool;
}

export function startThreads(log: Log): Threads {
  const sealing = availableParallelism() > 1 ? new SealingThread(limits.archive) : undefined;
  const passwordJudge = new PasswordJudgeThread(limits.people);
  // Last: it gives this thread's right to start threads away. What runs here by somebody's trick must not be able to start
  // one with other rights.
  const codecs = CodecPool.start({
    limits: limits.codecs,
    failed: (reason) => log.error('server.codecs-failed', { reason }),
  });
  return {
    sealing,
    passwordJudge,
    codecs,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([codecs.close(), sealing?.close(), passwordJudge[Symbol.asyncDispose]()]);
    },
  };
}
