/** The question for all studies of a scope, with what tells whose they are. */
import { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Query } from '../../dicom/query.ts';
import type { Tag } from '../../dicom/tag.ts';

/** What is needed to tell whose an answer is. */
export const tellingWhose: readonly Tag[] = [Tags.PatientID, Tags.IssuerOfPatientID, Tags.StudyInstanceUID];

export function everyStudy(): Query {
  return {
    model: 'study-root',
    level: 'STUDY',
    keys: [],
    returnKeys: tellingWhose,
    returnItems: new Map(),
    relational: true,
    dateTimeCombined: false,
    fuzzy: false,
    identifier: new DataSet(),
  };
}
