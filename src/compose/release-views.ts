/** To whom a study was released, as an operator sees it. */
import type { Uid } from '../dicom/uid.ts';
import type { ReleaseView } from '../doors/control/control-services.ts';
import type { Release } from '../guard/policy-rows.ts';
import type { PolicyStore } from '../guard/policy-store.ts';
import { limits } from '../limits.ts';

export function releaseViews(policy: PolicyStore, studyInstanceUid: Uid, nowMs: number): readonly ReleaseView[] {
  return policy.releasesOf(studyInstanceUid, limits.releasesShownMax).map((release) => ({
    device: release.device,
    by: release.owner,
    reason: release.reason,
    releasedAt: new Date(release.createdAtMs).toISOString(),
    until: new Date(release.validUntilMs).toISOString(),
    state: stateOf(release, nowMs),
  }));
}

function stateOf({ withdrawnAtMs, validUntilMs }: Release, nowMs: number): ReleaseView['state'] {
  if (withdrawnAtMs !== undefined) return 'withdrawn';
  return nowMs < validUntilMs ? 'released' : 'ended';
}
