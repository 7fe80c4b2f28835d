/** Structured reports for tests, built item by item. */
import { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../../dicom/tag.ts';
import { knownUid } from '../../dicom/uid.ts';
import { limits } from '../../limits.ts';
import { readReport } from './read-report.ts';
import type { Report } from './report.ts';

export const comprehensiveSr = knownUid('1.2.840.10008.5.1.4.1.1.88.33');
export const ctImage = knownUid('1.2.840.10008.5.1.4.1.1.2');

export function code(value: string, meaning: string, scheme = 'DCM'): DataSet {
  return new DataSet()
    .setText(Tags.CodeValue, 'SH', value)
    .setText(Tags.CodingSchemeDesignator, 'SH', scheme)
    .setText(Tags.CodeMeaning, 'LO', meaning);
}

export interface ItemFacts {
  readonly type: string;
  readonly name?: string;
  readonly relationship?: string;
  readonly children?: readonly DataSet[];
}

export function item({ type, name, relationship = 'CONTAINS', children = [] }: ItemFacts): DataSet {
  const dataSet = new DataSet().setText(Tags.RelationshipType, 'CS', relationship).setText(Tags.ValueType, 'CS', type);
  if (name !== undefined) dataSet.setItems(Tags.ConceptNameCodeSequence, [code('1', name)]);
  if (type === 'CONTAINER') dataSet.setText(Tags.ContinuityOfContent, 'CS', 'SEPARATE');
  if (children.length > 0) dataSet.setItems(Tags.ContentSequence, children);
  return dataSet;
}

type More = Omit<ItemFacts, 'type' | 'name'>;

export const section = (name: string, children: readonly DataSet[]): DataSet =>
  item({ type: 'CONTAINER', name, children });

export const text = (name: string, value: string, more: More = {}): DataSet =>
  item({ type: 'TEXT', name, ...more }).setText(Tags.TextValue, 'UT', value);

export function number(
  name: string,
  value: string,
  facts: { readonly unit?: string; readonly qualifier?: string } & More = {},
): DataSet {
  const { unit = 'mm', qualifier, ...more } = facts;
  const measured = new DataSet()
    .setText(Tags.NumericValue, 'DS', value)
    .setItems(Tags.MeasurementUnitsCodeSequence, [code(unit, `meaning of ${unit}`, 'UCUM')]);
  const dataSet = item({ type: 'NUM', name, ...more });
  dataSet.setItems(Tags.MeasuredValueSequence, value === '' ? [] : [measured]);
  if (qualifier !== undefined) dataSet.setItems(Tags.NumericValueQualifierCodeSequence, [code('2', qualifier)]);
  return dataSet;
}

export function reference(
  type: string,
  name: string,
  facts: { readonly uid: string; readonly classUid?: string; readonly frames?: readonly string[] } & More,
): DataSet {
  const { uid, classUid = ctImage, frames = [], ...more } = facts;
  const referenced = new DataSet()
    .setText(Tags.ReferencedSOPClassUID, 'UI', classUid)
    .setText(Tags.ReferencedSOPInstanceUID, 'UI', uid);
  if (frames.length > 0) referenced.setText(Tags.ReferencedFrameNumber, 'IS', frames);
  return item({ type, name, ...more }).setItems(Tags.ReferencedSOPSequence, [referenced]);
}

/** One study and series of evidence. */
export function evidence(facts: {
  readonly study: string;
  readonly series: string;
  readonly instances: readonly string[];
}): DataSet {
  const instances = facts.instances.map((uid) =>
    new DataSet().setText(Tags.ReferencedSOPClassUID, 'UI', ctImage).setText(Tags.ReferencedSOPInstanceUID, 'UI', uid),
  );
  const series = new DataSet()
    .setText(Tags.SeriesInstanceUID, 'UI', facts.series)
    .setItems(Tags.ReferencedSOPSequence, instances);
  return new DataSet()
    .setText(Tags.StudyInstanceUID, 'UI', facts.study)
    .setItems(Tags.ReferencedSeriesSequence, [series]);
}

/** A comprehensive report with these items in its root. */
export function report(children: readonly DataSet[], title = 'Report of a test'): DataSet {
  const dataSet = new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192')
    .setText(Tags.SOPClassUID, 'UI', comprehensiveSr)
    .setText(Tags.SOPInstanceUID, 'UI', '1.2.3.1.1.1')
    .setText(Tags.StudyInstanceUID, 'UI', '1.2.3.1')
    .setText(Tags.SeriesInstanceUID, 'UI', '1.2.3.1.1')
    .setText(Tags.Modality, 'CS', 'SR')
    .setText(Tags.PatientName, 'PN', 'DOE^JANE')
    .setText(Tags.PatientID, 'LO', 'P1')
    .setText(Tags.StudyDate, 'DA', '20240131')
    .setText(Tags.StudyTime, 'TM', '101500')
    .setText(Tags.ContentDate, 'DA', '20240131')
    .setText(Tags.ContentTime, 'TM', '113000')
    .setText(Tags.InstanceNumber, 'IS', '1')
    .setText(Tags.SeriesNumber, 'IS', '1')
    .setText(Tags.CompletionFlag, 'CS', 'COMPLETE')
    .setText(Tags.VerificationFlag, 'CS', 'UNVERIFIED');
  return withRoot(dataSet, children, title);
}

function withRoot(dataSet: DataSet, children: readonly DataSet[], title: string): DataSet {
  const root = item({ type: 'CONTAINER', name: title, children });
  root.delete(Tags.RelationshipType);
  for (const element of root) dataSet.set(element);
  return dataSet;
}

export function read(dataSet: DataSet): Report {
  return readReport(dataSet, limits.report);
}

/** For values that tests change afterwards. */
export function setText(dataSet: DataSet, tag: Tag, value: string): DataSet {
  return dataSet.setText(tag, undefined, value);
}
