/**
 * The part of the data that a pass reaches. A backend puts it into its query; nobody filters afterwards. Each absent
 * member means "not narrowed by this"; an empty list means "nothing".
 */
import type { Uid } from '../dicom/uid.ts';

export interface Scope {
  /** Modality (0008,0060) of the series. */
  readonly modalities?: readonly string[];
  /** Institutional Department Name (0008,1040), compared without case and outer spaces. */
  readonly departments?: readonly string[];
  /** Study Date (0008,0020) from and to, both inclusive, as YYYYMMDD. */
  readonly studyDateFrom?: string;
  readonly studyDateTo?: string;
  /** Issuer of Patient ID (0010,0021). */
  readonly patientIdIssuers?: readonly string[];
  /** Only studies of which this device (an opening's device name) sent at least one instance. */
  readonly receivedFrom?: string;
  /** Only these studies: what was released to an exchange partner. */
  readonly studyInstanceUids?: readonly Uid[];
}
