/** Storage Commitment (PS3.4 J): which instances are safely here. */
import type { Commit } from '../../../guard/operation.ts';
import type { Pass } from '../../../guard/pass.ts';
import type { CommitOutcome } from '../../backend.ts';
import type { ArchiveIndex } from './archive-index.ts';
import { allOf, seriesScope, studyScope } from './scope-sql.ts';

/** PS3.3 C.14.1.1: values of Failure Reason (0008,1197). */
const noSuchObjectInstance = 0x0112;
const classInstanceConflict = 0x0119;

/** Every row of the index stands for bytes that were synced before it, so a look at the index is enough. */
export function checkCommitment(index: ArchiveIndex, pass: Pass<Commit>): CommitOutcome {
  const { sql, values } = allOf([...studyScope(pass.scope), ...seriesScope(pass.scope)]);
  const statement = index.statement(
    `SELECT i.sop_class FROM instance i JOIN series se ON se.id = i.series JOIN study st ON st.id = se.study
     WHERE i.uid = ? AND ${sql}`,
  );
  const safe: CommitOutcome['safe'][number][] = [];
  const failed: CommitOutcome['failed'][number][] = [];
  for (const reference of pass.operation.references) {
    const sopClass = statement.get(reference.sopInstanceUid, ...values)?.['sop_class'];
    if (sopClass === reference.sopClassUid) safe.push(reference);
    else if (sopClass === undefined) failed.push({ ...reference, failureReason: noSuchObjectInstance });
    else failed.push({ ...reference, failureReason: classInstanceConflict });
  }
  return { safe, failed };
}
