/** Commands about instances that arrived under a known UID with other content. */
import { listConflicts } from '../backends/archive/conflicts.ts';
import type { ControlServices } from '../doors/control/control-services.ts';
import type { Installation } from './installation.ts';
import { administer, asCaller } from './caller.ts';

export function conflictServices({
  guard,
  archive,
}: Installation): Pick<ControlServices, 'conflictList' | 'conflictResolve'> {
  return {
    conflictList: (call, { rows }) =>
      administer(guard, call, 'instances kept aside', () => {
        const all = listConflicts(archive);
        const conflicts = all.slice(0, rows).map((conflict) => ({
          id: conflict.id,
          arrivedAt: new Date(conflict.receivedAtMs).toISOString(),
          from: conflict.receivedFrom,
          sopInstanceUid: conflict.sopInstanceUid,
          studyInstanceUid: conflict.studyInstanceUid,
          storedSha256: hex(archive.index.instanceByUid(conflict.sopInstanceUid)?.sha256),
          arrivedSha256: hex(conflict.sha256),
        }));
        return { conflicts, more: all.length > rows };
      }),
    conflictResolve: (call, { id, keep, reason }) =>
      asCaller(guard, call, { kind: 'resolve', conflictId: id, keep, reason }, async ({ pass }) => {
        await archive.resolve(pass);
        return { id, kept: keep };
      }),
  };
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
