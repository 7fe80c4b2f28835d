/**
 * Removal of a study: requested (hidden everywhere, once its retention has ended), undone, or finished (its data key is
 * destroyed). The bytes go when compaction next passes over their segments.
 */
import { LeadglassError } from '../../error.ts';
import type { Remove } from '../../guard/operation.ts';
import type { Pass } from '../../guard/pass.ts';
import type { RemoveOutcome } from '../backend.ts';
import type { Archive } from './archive.ts';
import { principalName } from './principal-name.ts';
import { allOf, studyHasSeriesInside, studyHasSeriesInsideOnly, studyScope } from './index/scope-sql.ts';

const dayMs = 86_400_000;

/**
 * @throws LeadglassError NOT_FOUND, NOT_AUTHORIZED (retention has not ended), CONFLICT (a step that does not follow)
 */
export async function removeStudy(archive: Archive, pass: Pass<Remove>): Promise<RemoveOutcome> {
  const { studyInstanceUid, step, reason } = pass.operation;
  // A hidden study must be found by the two later steps, so the scope is used without its first condition.
  const [, ...scope] = studyScope(pass.scope);
  const { sql, values } = allOf([
    { sql: 'st.uid = ?', values: [studyInstanceUid] },
    ...scope,
    ...studyHasSeriesInside(pass.scope),
    ...studyHasSeriesInsideOnly(pass.scope),
  ]);
  const row = archive.index
    .statement(
      `SELECT st.id, st.key_id, st.hidden, st.last_received_ms,
         (SELECT coalesce(sum(instances), 0) FROM series WHERE study = st.id) AS instances FROM study st WHERE ${sql}`,
    )
    .get(...values);
  const hidden = row?.['hidden'] === 1;
  // For a device a hidden study is not there, as everywhere.
  if (row === undefined || (hidden && pass.principal.kind === 'device'))
    throw new LeadglassError('NOT_FOUND', `Cannot remove study ${studyInstanceUid}: no such study`);
  const keyId = Number(row['key_id']);
  const studyKey = archive.keys.get(keyId);
  const facts = { reason: { by: principalName(pass.principal), reason }, studyKey };
  const atMs = archive.nowMs();
  switch (step) {
    case 'request':
      if (hidden)
        throw new LeadglassError('CONFLICT', `Cannot remove study ${studyInstanceUid}: removal is requested already`);
      checkRetention(archive, studyInstanceUid, Number(row['last_received_ms']));
      await archive.decide({ note: { kind: 'removal-requested', keyId, atMs } }, facts);
      break;
    case 'undo':
      if (!hidden) throw notRequested(studyInstanceUid, 'undo');
      await archive.decide({ note: { kind: 'removal-undone', keyId, atMs } }, facts);
      break;
    case 'finish':
      if (!hidden) throw notRequested(studyInstanceUid, 'finish');
      // Written first: should we stop before the key is destroyed, `finishRemovals` does it at the next start.
      await archive.decide({ note: { kind: 'removal-finished', keyId, atMs } }, { reason: facts.reason });
      archive.keys.destroy(studyInstanceUid, keyId);
      break;
  }
  return { instances: Number(row['instances']) };
}

/** At start: destroys keys of studies whose removal was written down as finished, but cut short. */
export function finishRemovals(archive: Archive): void {
  for (const row of archive.index.statement('SELECT key_id FROM removed_study').all()) {
    const keyId = Number(row['key_id']);
    const known = archive.keys.source.keyById(keyId);
    if (known !== undefined) archive.keys.destroy(known.studyInstanceUid, keyId);
  }
}

function checkRetention(archive: Archive, studyInstanceUid: string, lastReceivedMs: number): void {
  const { retentionDays } = archive.options;
  const endsMs = lastReceivedMs + retentionDays * dayMs;
  if (archive.nowMs() >= endsMs) return;
  const ends = new Date(endsMs).toISOString().slice(0, 10);
  throw new LeadglassError(
    'NOT_AUTHORIZED',
    `Cannot remove study ${studyInstanceUid}: its retention of ${retentionDays} days ends on ${ends}`,
  );
}

function notRequested(studyInstanceUid: string, step: string): LeadglassError {
  return new LeadglassError(
    'CONFLICT',
    `Cannot ${step} the removal of study ${studyInstanceUid}: it was not requested`,
  );
}
