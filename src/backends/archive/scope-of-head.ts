/** Whether an arriving instance is inside a pass's scope (guard/scope.ts has the rule). */
import type { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { type Scope, scopeAllowsHead } from '../../guard/scope.ts';
import type { InstanceHead } from '../backend.ts';
import { dateOf, textOf } from './index/head.ts';

/**
 * `studyReceivedFrom`: devices that sent instances of this study. For a study that nobody sent before it is the sender
 * itself, so that "own studies only" lets a device begin studies but not add to those of others.
 */
export function headIsInScope(
  scope: Scope,
  head: InstanceHead,
  facts: { readonly dataSet: DataSet; readonly studyReceivedFrom: () => readonly string[] },
): boolean {
  return scopeAllowsHead(scope, {
    studyInstanceUid: head.studyInstanceUid,
    modality: head.modality,
    institutionalDepartmentName: textOf(facts.dataSet, Tags.InstitutionalDepartmentName),
    studyDate: dateOf(facts.dataSet, Tags.StudyDate),
    patientId: head.patientId,
    issuerOfPatientId: head.issuerOfPatientId,
    studyReceivedFrom: scope.receivedFrom === undefined ? [] : facts.studyReceivedFrom(),
  });
}
