/** The question for all studies of a scope, with what tells whose they are. */
import { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Query } from '../../dicom/query.ts';

export function everyStudy(): Query {
  return {
    model: 'study-root',
    level: 'STUDY',
    keys: [],
    returnKeys: [Tags.PatientID, Tags.IssuerOfPatientID, Tags.StudyInstanceUID],
    returnItems: new Map(),
    relational: true,
    dateTimeCombined: false,
    fuzzy: false,
    identifier: new DataSet(),
  };
}
