/** Verify and index rebuild: commands that go over the whole archive, beside a running server or without one. */
import { verify } from '../backends/archive/verify.ts';
import type { ControlServices } from '../doors/control/control-services.ts';
import { archiveTotals } from './archive-facts.ts';
import type { Installation } from './installation.ts';
import { administer } from './caller.ts';

/** Steps between two progress events: often enough for a person, rarely enough for the socket. */
const progressSteps = 100;

/** @returns the two services; each is admitted and recorded before it begins */
export function verifyServices({ guard, archive }: Installation): Pick<ControlServices, 'verify' | 'indexRebuild'> {
  return {
    verify: (call) =>
      administer(guard, call, 'every stored instance and the index', async () => {
        const { intact, instances, bytes, problems, problemCount } = await verify(archive, {
          signal: call.signal,
          progress: (done, total) => {
            if (done % progressSteps === 0 || done === total) call.progress({ done, total, unit: 'instances' });
          },
        });
        return {
          intact,
          instances,
          bytes,
          problems: problems.map(({ where, problem }) => ({ where, what: problem })),
          problemCount,
        };
      }),
    indexRebuild: (call) =>
      administer(guard, call, 'the index anew from the segments', async () => {
        const { problems } = await archive.rebuildIndex();
        const { instances, studies } = await archiveTotals(archive);
        return { instances, studies, skipped: problems.length };
      }),
  };
}
