/**
 * The part of the data that a pass reaches. A backend puts it into its query; nobody filters afterwards. Each absent
 * member means "not narrowed by this"; an empty list means "nothing".
 *
 * How a backend applies it:
 * - `find`, `retrieve`, `commit`: what is outside looks as if it did not exist, at every level. A patient or study is inside
 *   when at least one of its instances is; its answers and counts are made of the instances inside only.
 * - `remove`: the study is inside only when all of it is: who reaches a part may not take away the rest.
 * - `store`: `scopeAllowsHead` on the arriving data set, before anything is kept; outside is NOT_AUTHORIZED. An attribute that
 *   the scope narrows and the data set lacks is outside: what cannot be checked is not let in.
 */
import type { DeIdentifyOption } from '../dicom/de-identify/options.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';

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
  /** Only studies of these patients; what an emergency opens is one. */
  readonly patients?: readonly PatientKey[];
  /** Only studies of which this device (an opening's device name) sent at least one instance. */
  readonly receivedFrom?: string;
  /** Only these studies: what was released to an exchange partner. */
  readonly studyInstanceUids?: readonly Uid[];
  /**
   * For `store`: a study that is here already is joined only when one of its series is inside this scope. Without it whoever
   * reads a part of the data could make any study readable by sending one object of its own part into it.
   */
  readonly joinsReachedOnly?: true;
  /**
   * Nothing of it may leave as it is stored: only what a de-identifying backend makes of it, for this project. A backend that keeps
   * originals refuses such a pass (`refuseDeIdentified`).
   */
  readonly deIdentified?: DeIdentifiedFor;
}

/** For whom it is de-identified: pseudonyms hold together within a project with the same options, and nowhere else. */
export interface DeIdentifiedFor {
  readonly project: string;
  readonly options: readonly DeIdentifyOption[];
}

/**
 * The first thing that a backend of originals does with a pass.
 * @throws LeadglassError NOT_AUTHORIZED for who may see de-identified data only
 */
export function refuseDeIdentified({ deIdentified }: Scope): void {
  if (deIdentified === undefined) return;
  throw new LeadglassError('NOT_AUTHORIZED', 'Not allowed: only de-identified data may be read');
}

/** Patient ID (0010,0020) with its issuer (0010,0021), '' where the data has none. An empty Patient ID names nobody. */
export interface PatientKey {
  readonly patientId: string;
  readonly issuer: string;
}

/** The attributes of one instance that a scope can look at; '' where the data set has none. */
export interface ScopedAttributes {
  readonly studyInstanceUid: Uid;
  readonly modality: string;
  readonly institutionalDepartmentName: string;
  /** YYYYMMDD. */
  readonly studyDate: string;
  readonly patientId: string;
  readonly issuerOfPatientId: string;
  /** Devices that sent instances of this study so far. */
  readonly studyReceivedFrom: readonly string[];
}

/** Department names are typed by people at two places: without case, outer spaces dropped, inner ones counted once. */
export function normalizeDepartment(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').toLocaleLowerCase('en');
}

const dateForm = /^[0-9]{8}$/;

/** Is an instance with these attributes inside the scope? */
export function scopeAllowsHead(scope: Scope, attributes: ScopedAttributes): boolean {
  const { modalities, departments, studyDateFrom, studyDateTo, patientIdIssuers, receivedFrom, studyInstanceUids } =
    scope;
  const { patients } = scope;
  if (scope.deIdentified !== undefined) return false;
  if (modalities !== undefined && !modalities.includes(attributes.modality)) return false;
  if (departments !== undefined) {
    const department = normalizeDepartment(attributes.institutionalDepartmentName);
    if (department === '' || !departments.some((name) => normalizeDepartment(name) === department)) return false;
  }
  if (studyDateFrom !== undefined || studyDateTo !== undefined) {
    // Dates of the same eight digits compare as text; anything else cannot be placed and is outside.
    if (!dateForm.test(attributes.studyDate)) return false;
    if (studyDateFrom !== undefined && attributes.studyDate < studyDateFrom) return false;
    if (studyDateTo !== undefined && attributes.studyDate > studyDateTo) return false;
  }
  if (patientIdIssuers !== undefined && !patientIdIssuers.includes(attributes.issuerOfPatientId)) return false;
  if (patients !== undefined && !patients.some((patient) => isPatient(patient, attributes))) return false;
  if (receivedFrom !== undefined && !attributes.studyReceivedFrom.includes(receivedFrom)) return false;
  if (studyInstanceUids !== undefined && !studyInstanceUids.includes(attributes.studyInstanceUid)) return false;
  return true;
}

function isPatient(patient: PatientKey, { patientId, issuerOfPatientId }: ScopedAttributes): boolean {
  return patientId !== '' && patient.patientId === patientId && patient.issuer === issuerOfPatientId;
}

/** Every member of a scope, so that one which is added does not compile until it is said what both mean together. */
type Members = { readonly [K in keyof Required<Scope>]: Scope[K] | undefined };

/** What is inside both. */
export function scopeWithin(one: Scope, other: Scope): Scope {
  const from = [one.studyDateFrom, other.studyDateFrom].filter((date) => date !== undefined).toSorted();
  const to = [one.studyDateTo, other.studyDateTo].filter((date) => date !== undefined).toSorted();
  const { receivedFrom = other.receivedFrom } = one;
  const areOfTwo =
    (other.receivedFrom !== undefined && other.receivedFrom !== receivedFrom) ||
    (one.deIdentified !== undefined && other.deIdentified !== undefined);
  const members: Members = {
    modalities: listWithin(one.modalities, other.modalities),
    departments: listWithin(one.departments?.map(normalizeDepartment), other.departments?.map(normalizeDepartment)),
    studyDateFrom: from.at(-1),
    studyDateTo: to[0],
    patientIdIssuers: listWithin(one.patientIdIssuers, other.patientIdIssuers),
    patients: patientsWithin(one.patients, other.patients),
    receivedFrom,
    deIdentified: one.deIdentified ?? other.deIdentified,
    // One member cannot say "sent by both", nor "for both projects".
    studyInstanceUids: areOfTwo ? [] : listWithin(one.studyInstanceUids, other.studyInstanceUids),
    joinsReachedOnly: one.joinsReachedOnly ?? other.joinsReachedOnly,
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same members, without those that are undefined
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Scope;
}

function listWithin<T>(one: readonly T[] | undefined, other: readonly T[] | undefined): readonly T[] | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((value) => other.includes(value));
}

function patientsWithin(one: Scope['patients'], other: Scope['patients']): Scope['patients'] {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((patient) =>
    other.some(({ patientId, issuer }) => patient.patientId === patientId && patient.issuer === issuer),
  );
}

/** Do both scopes name the same part of the data? The order within lists does not matter. */
export function sameScope(one: Scope, other: Scope): boolean {
  return (
    sameList(one.modalities, other.modalities) &&
    sameList(one.departments, other.departments) &&
    one.studyDateFrom === other.studyDateFrom &&
    one.studyDateTo === other.studyDateTo &&
    sameList(one.patientIdIssuers, other.patientIdIssuers) &&
    sameList(one.patients?.map(patientText), other.patients?.map(patientText)) &&
    one.receivedFrom === other.receivedFrom &&
    one.joinsReachedOnly === other.joinsReachedOnly &&
    one.deIdentified?.project === other.deIdentified?.project &&
    sameList(one.deIdentified?.options, other.deIdentified?.options) &&
    sameList(one.studyInstanceUids, other.studyInstanceUids)
  );
}

const patientText = ({ patientId, issuer }: PatientKey): string => JSON.stringify([patientId, issuer]);

function sameList(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const set = new Set(one);
  return set.size === new Set(other).size && other.every((value) => set.has(value));
}
