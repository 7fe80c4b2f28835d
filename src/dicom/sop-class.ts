/**
 * SOP classes by UID: the storage classes of PS3.4 B.5 and GG.3 from a generated table, and by name those whose services
 * Leadglass speaks. Which of them a door accepts is for the door to say.
 */
import { storageSopClassLines } from './dictionary/storage-sop-classes.generated.ts';
import { knownUid, type Uid } from './uid.ts';

/** The service classes' own SOP classes, under the standard's keywords. */
export const SopClasses = {
  /** PS3.4 annex A. */
  Verification: knownUid('1.2.840.10008.1.1'),
  /** PS3.4 annex J. */
  StorageCommitmentPushModel: knownUid('1.2.840.10008.1.20.1'),
  /** PS3.4 annex C. */
  PatientRootQueryRetrieveInformationModelFind: knownUid('1.2.840.10008.5.1.4.1.2.1.1'),
  PatientRootQueryRetrieveInformationModelMove: knownUid('1.2.840.10008.5.1.4.1.2.1.2'),
  PatientRootQueryRetrieveInformationModelGet: knownUid('1.2.840.10008.5.1.4.1.2.1.3'),
  StudyRootQueryRetrieveInformationModelFind: knownUid('1.2.840.10008.5.1.4.1.2.2.1'),
  StudyRootQueryRetrieveInformationModelMove: knownUid('1.2.840.10008.5.1.4.1.2.2.2'),
  StudyRootQueryRetrieveInformationModelGet: knownUid('1.2.840.10008.5.1.4.1.2.2.3'),
  /** Retired; named so that a refusal can say what it refused. */
  PatientStudyOnlyQueryRetrieveInformationModelFind: knownUid('1.2.840.10008.5.1.4.1.2.3.1'),
  PatientStudyOnlyQueryRetrieveInformationModelMove: knownUid('1.2.840.10008.5.1.4.1.2.3.2'),
  PatientStudyOnlyQueryRetrieveInformationModelGet: knownUid('1.2.840.10008.5.1.4.1.2.3.3'),
  /** PS3.4 annexes Y and Z. */
  CompositeInstanceRootRetrieveMove: knownUid('1.2.840.10008.5.1.4.1.2.4.2'),
  CompositeInstanceRootRetrieveGet: knownUid('1.2.840.10008.5.1.4.1.2.4.3'),
  CompositeInstanceRetrieveWithoutBulkDataGet: knownUid('1.2.840.10008.5.1.4.1.2.5.3'),
  /** PS3.4 annexes K and F. */
  ModalityWorklistInformationModelFind: knownUid('1.2.840.10008.5.1.4.31'),
  ModalityPerformedProcedureStep: knownUid('1.2.840.10008.3.1.2.3.3'),
  /** PS3.4 annex CC. */
  UnifiedProcedureStepPush: knownUid('1.2.840.10008.5.1.4.34.6.1'),
  UnifiedProcedureStepWatch: knownUid('1.2.840.10008.5.1.4.34.6.2'),
  UnifiedProcedureStepPull: knownUid('1.2.840.10008.5.1.4.34.6.3'),
  UnifiedProcedureStepEvent: knownUid('1.2.840.10008.5.1.4.34.6.4'),
  UnifiedProcedureStepQuery: knownUid('1.2.840.10008.5.1.4.34.6.5'),
  /** Of files only (PS3.10 8.6); no storage SOP class. */
  MediaStorageDirectoryStorage: knownUid('1.2.840.10008.1.3.10'),
} as const;

/** The one SOP Instance of storage commitment, PS3.4 J.3.5. */
export const storageCommitmentPushModelInstance = knownUid('1.2.840.10008.1.20.1.1');

export interface StorageSopClass {
  readonly keyword: string;
  readonly name: string;
  readonly retired: boolean;
  /** Presentation states, structured reports with key object selections, and segmentations: what was said of images. */
  readonly evidence: boolean;
  /** Hanging protocols, palettes, templates (PS3.4 GG.3): belongs to no patient and no study. */
  readonly nonPatient: boolean;
}

/** Every storage SOP class of the standard, also retired ones, in the order of their UIDs. */
export const storageSopClasses: ReadonlyMap<Uid, StorageSopClass> = new Map(
  storageSopClassLines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [uid = '', keyword = '', name = '', kind = '', retired] = line.split('\t');
      return [
        knownUid(uid),
        { keyword, name, retired: retired === 'R', evidence: kind === 'evidence', nonPatient: kind === 'non-patient' },
      ] as const;
    }),
);

/** Is this a storage SOP class of the standard? Private ones are not known here. */
export function isStorageSopClass(uid: Uid): boolean {
  return storageSopClasses.has(uid);
}

/** Is this a presentation state, a structured report, a key object selection or a segmentation? */
export function isEvidenceSopClass(uid: Uid): boolean {
  return storageSopClasses.get(uid)?.evidence === true;
}

const keywordOfService: ReadonlyMap<string, string> = new Map(
  Object.entries(SopClasses).map(([keyword, uid]) => [uid, keyword]),
);

/** The name to show a person: the standard's name or keyword, or the UID itself when it is not known. */
export function sopClassName(uid: Uid): string {
  return storageSopClasses.get(uid)?.name ?? keywordOfService.get(uid) ?? uid;
}
