/** Reads a structured report, a key object selection or a CAD result (PS3.3 A.35) out of its data set. */
import type { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../../dicom/tag.ts';
import { dateText, dateTimeText, momentText, nameText, wordText } from '../documents/values.ts';
import { codeText, type ContentItem } from './content-item.ts';
import { type ItemLimits, ItemReader, readCode } from './read-item.ts';
import { readListed, readPlaces } from './references.ts';
import type { Fact, Flag, Participant, Report } from './report.ts';

/** @throws LeadglassError LIMIT_EXCEEDED */
export function readReport(dataSet: DataSet, limits: ItemLimits): Report {
  const root = new ItemReader(limits).read(dataSet, '1');
  const language = languageOf(root);
  return {
    title: titleOf(dataSet, root),
    ...(language === undefined ? {} : { language }),
    facts: factsOf(dataSet),
    flags: flagsOf(dataSet),
    people: peopleOf(dataSet),
    root,
    predecessors: readListed(dataSet, Tags.PredecessorDocumentsSequence),
    identical: readListed(dataSet, Tags.IdenticalDocumentsSequence),
    evidence: [
      ...readListed(dataSet, Tags.CurrentRequestedProcedureEvidenceSequence),
      ...readListed(dataSet, Tags.PertinentOtherEvidenceSequence),
    ],
    places: readPlaces(dataSet),
    sopInstanceUid: dataSet.text(Tags.SOPInstanceUID) ?? '',
  };
}

function titleOf(dataSet: DataSet, { name }: ContentItem): string {
  const title = name === undefined ? '' : codeText(name);
  return title || dataSet.text(Tags.SeriesDescription) || 'Report';
}

/** TID 1204: (121049, DCM), a code of RFC 5646 or ISO 639. */
function languageOf({ children }: ContentItem): string | undefined {
  const item = children.find(({ name }) => name?.value === '121049' && name.scheme === 'DCM');
  if (item?.value.kind !== 'code') return undefined;
  const tag = item.value.code?.value ?? '';
  return /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/.test(tag) ? tag : undefined;
}

function factsOf(dataSet: DataSet): readonly Fact[] {
  const text = (tag: Tag): string => dataSet.text(tag) ?? '';
  const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ');
  const moment = (date: Tag, time: Tag): string => momentText(dataSet.text(date), dataSet.text(time)) ?? '';
  const facts: readonly Fact[] = [
    { name: 'Patient', text: nameText(text(Tags.PatientName)) },
    { name: 'Patient ID', text: joined(text(Tags.PatientID), text(Tags.IssuerOfPatientID)) },
    { name: 'Born', text: dateText(text(Tags.PatientBirthDate)) },
    { name: 'Sex', text: text(Tags.PatientSex) },
    { name: 'Study', text: joined(text(Tags.StudyDescription), moment(Tags.StudyDate, Tags.StudyTime)) },
    { name: 'Accession number', text: text(Tags.AccessionNumber) },
    { name: 'Referring physician', text: nameText(text(Tags.ReferringPhysicianName)) },
    { name: 'Series', text: text(Tags.SeriesDescription) },
    { name: 'Institution', text: text(Tags.InstitutionName) },
    { name: 'Device', text: joined(text(Tags.Manufacturer), text(Tags.ManufacturerModelName)) },
    { name: 'Report of', text: moment(Tags.ContentDate, Tags.ContentTime) },
  ];
  return facts.filter((fact) => fact.text !== '');
}

function flagsOf(dataSet: DataSet): readonly Flag[] {
  const description = dataSet.text(Tags.CompletionFlagDescription) ?? '';
  const flags: readonly Flag[] = [
    {
      name: 'completion',
      value: dataSet.text(Tags.CompletionFlag) ?? '',
      ...(description === '' ? {} : { description }),
    },
    { name: 'verification', value: dataSet.text(Tags.VerificationFlag) ?? '' },
    { name: 'preliminary', value: dataSet.text(Tags.PreliminaryFlag) ?? '' },
  ];
  return flags.filter(({ value }) => value !== '');
}

/** C.17.2: who verified, wrote and took part. A device that wrote has its own name. */
function peopleOf(dataSet: DataSet): readonly Participant[] {
  const verifying = dataSet.items(Tags.VerifyingObserverSequence).map((item) =>
    participant('Verified by', {
      name: nameText(item.text(Tags.VerifyingObserverName) ?? ''),
      organization: item.text(Tags.VerifyingOrganization),
      at: item.text(Tags.VerificationDateTime),
    }),
  );
  const authors = dataSet.items(Tags.AuthorObserverSequence).map((item) => observer('Author', item));
  const others = dataSet
    .items(Tags.ParticipantSequence)
    .map((item) => observer(roleOf(item), item, item.text(Tags.ParticipationDateTime)));
  return [...verifying, ...authors, ...others].filter(({ name }) => name !== '');
}

/** PS3.3 C.17.2: participation types as they are written. */
const roles: ReadonlyMap<string, string> = new Map([
  ['SOURCE', 'Source'],
  ['ENT', 'Entered by'],
  ['ATTEST', 'Attested by'],
]);

function roleOf(item: DataSet): string {
  const type = item.text(Tags.ParticipationType) ?? '';
  return roles.get(type) ?? (type === '' ? 'Participant' : wordText(type));
}

/** Table 10-3: a person or a device. */
function observer(role: string, item: DataSet, at?: string): Participant {
  const device = [item.text(Tags.StationName), item.text(Tags.ManufacturerModelName), item.text(Tags.DeviceUID)];
  const name =
    nameText(item.text(Tags.PersonName) ?? '') || (device.find((text) => text !== undefined && text !== '') ?? '');
  return participant(role, { name, organization: item.text(Tags.InstitutionName) ?? codeOf(item), at });
}

function codeOf(item: DataSet): string | undefined {
  const code = readCode(item, Tags.InstitutionCodeSequence);
  return code === undefined ? undefined : codeText(code);
}

function participant(
  role: string,
  facts: { readonly name: string; readonly organization: string | undefined; readonly at: string | undefined },
): Participant {
  const { name, organization = '', at = '' } = facts;
  return {
    role,
    name,
    ...(organization === '' ? {} : { organization }),
    ...(at === '' ? {} : { at: dateTimeText(at) }),
  };
}
