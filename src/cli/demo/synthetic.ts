/**
 * Synthetic studies for `npm run demo`, tests and benchmarks: CT with a segmentation and a structured report, MR, ultrasound (a
 * colour image and a multi-frame loop) and radiograph of people who do not exist. Every attribute that its information object makes
 * mandatory is there, the pixels are a phantom, and the same numbers give the same bytes.
 */
import { DataSet } from '../../dicom/data-set.ts';
import { writeDataSet } from '../../dicom/data-set-codec.ts';
import { Tags } from '../../dicom/dictionary/dictionary.ts';
import { writePart10Head } from '../../dicom/part10.ts';
import { TransferSyntaxes } from '../../dicom/transfer-syntax.ts';
import { knownUid } from '../../dicom/uid.ts';
import type { Uid } from '../../dicom/uid.ts';
import { grayLoop, grayPhantom, toRgb } from './phantom.ts';
import { code, type SegmentedSlice, setSegmentation } from './segmentation.ts';

export interface SyntheticInstance {
  /** For people: `ct-03`. */
  readonly name: string;
  readonly modality: 'CT' | 'MR' | 'US' | 'CR' | 'SR' | 'SEG';
  readonly sopClassUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly studyInstanceUid: Uid;
  readonly transferSyntaxUid: Uid;
  /** The data set alone, as it goes over an association. */
  readonly dataSet: Uint8Array;
}

export interface SyntheticOptions {
  /** Gives a new UID at each call. */
  readonly newUid: () => Uid;
  /** YYYYMMDD. */
  readonly studyDate: string;
  /** Slices of the CT; the MR has half as many. */
  readonly ctSlices?: number;
  /** Rows and columns of CT and MR. */
  readonly size?: number;
}

const classes = {
  CT: knownUid('1.2.840.10008.5.1.4.1.1.2'),
  MR: knownUid('1.2.840.10008.5.1.4.1.1.4'),
  US: knownUid('1.2.840.10008.5.1.4.1.1.6.1'),
  usMultiFrame: knownUid('1.2.840.10008.5.1.4.1.1.3.1'),
  CR: knownUid('1.2.840.10008.5.1.4.1.1.1'),
  SR: knownUid('1.2.840.10008.5.1.4.1.1.88.11'),
  SEG: knownUid('1.2.840.10008.5.1.4.1.1.66.4'),
} as const;

/** Two people, five studies; in the order in which a hospital would send them. */
export function* syntheticInstances(options: SyntheticOptions): Generator<SyntheticInstance> {
  const { newUid, ctSlices = 12, size = 256 } = options;
  const first = person('DEMO-0001', 'Demo^Ada^^^', '19561210', 'F');
  // Three representations of one name, PS3.5 6.2.1: alphabetic, ideographic and phonetic.
  const second = person('DEMO-0002', 'Yamada^Tarou=山田^太郎=やまだ^たろう', '19670304', 'M');

  const ct = studyOf(first, {
    newUid,
    date: options.studyDate,
    id: 'CT1',
    description: 'CT phantom',
    accession: 'A1001',
  });
  const segmented: SegmentedSlice[] = [];
  const ctFacts = { modality: 'CT', sopClassUid: classes.CT, count: ctSlices, size } as const;
  yield* slices(ct, ctFacts, (slice) => segmented.push(slice));
  yield report(ct, newUid());
  yield segmentation(ct, segmented, size);
  const mr = studyOf(first, {
    newUid,
    date: options.studyDate,
    id: 'MR1',
    description: 'MR phantom',
    accession: 'A1002',
  });
  yield* slices(mr, { modality: 'MR', sopClassUid: classes.MR, count: Math.max(1, Math.floor(ctSlices / 2)), size });
  const us = studyOf(second, {
    newUid,
    date: options.studyDate,
    id: 'US1',
    description: 'US phantom',
    accession: 'A1003',
  });
  yield ultrasound(us, newUid());
  yield ultrasoundLoop(us, newUid());
  const cr = studyOf(second, {
    newUid,
    date: options.studyDate,
    id: 'CR1',
    description: 'CR phantom',
    accession: 'A1004',
  });
  yield radiograph(cr, newUid());
}

/** The instance as a file, PS3.10. */
export function part10Of(instance: SyntheticInstance): Uint8Array {
  return Buffer.concat([writePart10Head(instance), instance.dataSet]);
}

interface Person {
  readonly id: string;
  readonly name: string;
  readonly birthDate: string;
  readonly sex: string;
}
function person(id: string, name: string, birthDate: string, sex: string): Person {
  return { id, name, birthDate, sex };
}

interface Study {
  readonly person: Person;
  readonly studyInstanceUid: Uid;
  readonly seriesInstanceUid: Uid;
  readonly reportSeriesInstanceUid: Uid;
  readonly frameOfReferenceUid: Uid;
  readonly newUid: () => Uid;
  readonly date: string;
  readonly id: string;
  readonly description: string;
  readonly accession: string;
}
function studyOf(owner: Person, facts: Pick<Study, 'newUid' | 'date' | 'id' | 'description' | 'accession'>): Study {
  const { newUid } = facts;
  return {
    person: owner,
    ...facts,
    studyInstanceUid: newUid(),
    seriesInstanceUid: newUid(),
    reportSeriesInstanceUid: newUid(),
    frameOfReferenceUid: newUid(),
  };
}

/** Patient, study, series, equipment and SOP common modules (PS3.3 C.7, C.12). */
function common(
  study: Study,
  facts: {
    sopClassUid: Uid;
    sopInstanceUid: Uid;
    modality: string;
    number: number;
    series?: { readonly uid: Uid; readonly number: number };
  },
): DataSet {
  const { person: patient } = study;
  return new DataSet()
    .setText(Tags.SpecificCharacterSet, 'CS', 'ISO_IR 192')
    .setText(Tags.SOPClassUID, 'UI', facts.sopClassUid)
    .setText(Tags.SOPInstanceUID, 'UI', facts.sopInstanceUid)
    .setText(Tags.StudyDate, 'DA', study.date)
    .setText(Tags.ContentDate, 'DA', study.date)
    .setText(Tags.StudyTime, 'TM', '101500')
    .setText(Tags.ContentTime, 'TM', '101530')
    .setText(Tags.AccessionNumber, 'SH', study.accession)
    .setText(Tags.Modality, 'CS', facts.modality)
    .setText(Tags.Manufacturer, 'LO', 'Leadglass demo')
    .setText(Tags.InstitutionName, 'LO', 'Demo Hospital')
    .setText(Tags.ReferringPhysicianName, 'PN', 'Referrer^Rita')
    .setText(Tags.StudyDescription, 'LO', study.description)
    .setText(Tags.SeriesDescription, 'LO', `${facts.modality} demo series`)
    .setText(Tags.InstitutionalDepartmentName, 'LO', 'Radiology')
    .setText(Tags.ManufacturerModelName, 'LO', 'Phantom 1')
    .setText(Tags.PatientName, 'PN', patient.name)
    .setText(Tags.PatientID, 'LO', patient.id)
    .setText(Tags.IssuerOfPatientID, 'LO', 'DEMO')
    .setText(Tags.PatientBirthDate, 'DA', patient.birthDate)
    .setText(Tags.PatientSex, 'CS', patient.sex)
    .setText(Tags.DeviceSerialNumber, 'LO', '1')
    .setText(Tags.SoftwareVersions, 'LO', '1.0')
    .setText(Tags.StudyInstanceUID, 'UI', study.studyInstanceUid)
    .setText(Tags.SeriesInstanceUID, 'UI', facts.series?.uid ?? study.seriesInstanceUid)
    .setText(Tags.StudyID, 'SH', study.id)
    .setText(Tags.SeriesNumber, 'IS', String(facts.series?.number ?? 1))
    .setText(Tags.InstanceNumber, 'IS', String(facts.number));
}

/** Image pixel module, PS3.3 C.7.6.3. */
function setPixels(
  dataSet: DataSet,
  pixels: Uint8Array,
  facts: { rows: number; columns: number; bits: 8 | 16; stored: number; samples: 1 | 3 },
): void {
  dataSet
    .setNumber(Tags.SamplesPerPixel, 'US', facts.samples)
    .setText(Tags.PhotometricInterpretation, 'CS', facts.samples === 3 ? 'RGB' : 'MONOCHROME2')
    .setNumber(Tags.Rows, 'US', facts.rows)
    .setNumber(Tags.Columns, 'US', facts.columns)
    .setNumber(Tags.BitsAllocated, 'US', facts.bits)
    .setNumber(Tags.BitsStored, 'US', facts.stored)
    .setNumber(Tags.HighBit, 'US', facts.stored - 1)
    .setNumber(Tags.PixelRepresentation, 'US', 0)
    .setBytes(Tags.PixelData, facts.bits === 16 ? 'OW' : 'OB', pixels);
  if (facts.samples === 3) dataSet.setNumber(Tags.PlanarConfiguration, 'US', 0);
}

const orientation = ['1', '0', '0', '0', '1', '0'] as const;
const spacing = ['1', '1'] as const;
const thickness = '3';

function* slices(
  study: Study,
  facts: { modality: 'CT' | 'MR'; sopClassUid: Uid; count: number; size: number },
  onSlice: (slice: SegmentedSlice) => void = () => undefined,
): Generator<SyntheticInstance> {
  for (let index = 0; index < facts.count; index += 1) {
    const sopInstanceUid = study.newUid();
    const position = ['-128', '-128', String(index * 3)];
    const dataSet = common(study, { ...facts, sopInstanceUid, number: index + 1 })
      .setText(Tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', facts.modality === 'CT' ? 'AXIAL' : 'M'])
      .setText(Tags.BodyPartExamined, 'CS', 'HEAD')
      .setText(Tags.PatientPosition, 'CS', 'HFS')
      .setText(Tags.FrameOfReferenceUID, 'UI', study.frameOfReferenceUid)
      .setText(Tags.PositionReferenceIndicator, 'LO', '')
      .setText(Tags.ImagePositionPatient, 'DS', position)
      .setText(Tags.ImageOrientationPatient, 'DS', orientation)
      .setText(Tags.PixelSpacing, 'DS', spacing)
      .setText(Tags.SliceThickness, 'DS', thickness)
      .setText(Tags.WindowCenter, 'DS', '2048')
      .setText(Tags.WindowWidth, 'DS', '4096')
      .setText(Tags.AcquisitionNumber, 'IS', '1');
    if (facts.modality === 'CT') {
      dataSet
        .setText(Tags.KVP, 'DS', '120')
        .setText(Tags.RescaleIntercept, 'DS', '-1024')
        .setText(Tags.RescaleSlope, 'DS', '1')
        .setText(Tags.RescaleType, 'LO', 'HU');
    } else {
      dataSet
        .setText(Tags.ScanningSequence, 'CS', 'SE')
        .setText(Tags.SequenceVariant, 'CS', 'NONE')
        .setText(Tags.ScanOptions, 'CS', '')
        .setText(Tags.MRAcquisitionType, 'CS', '2D')
        .setText(Tags.RepetitionTime, 'DS', '500')
        .setText(Tags.EchoTime, 'DS', '15')
        .setText(Tags.EchoTrainLength, 'IS', '1');
    }
    const pixels = grayPhantom(facts.size, facts.size, { depth: (index + 1) / (facts.count + 1), maximum: 4095 });
    const bytes = new Uint8Array(pixels.length * 2);
    const view = new DataView(bytes.buffer);
    pixels.forEach((value, at) => view.setUint16(at * 2, value, true));
    setPixels(dataSet, bytes, { rows: facts.size, columns: facts.size, bits: 16, stored: 12, samples: 1 });
    onSlice({ sopInstanceUid, pixels, position });
    yield instanceOf(dataSet, study, {
      name: `${facts.modality.toLowerCase()}-${String(index + 1).padStart(2, '0')}`,
      modality: facts.modality,
      sopClassUid: facts.sopClassUid,
      sopInstanceUid,
    });
  }
}

function ultrasound(study: Study, sopInstanceUid: Uid): SyntheticInstance {
  const facts = { sopClassUid: classes.US, sopInstanceUid, modality: 'US' as const, number: 1 };
  const dataSet = common(study, facts)
    .setText(Tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', '', '0001'])
    .setText(Tags.LossyImageCompression, 'CS', '00')
    .setText(Tags.PatientOrientation, 'CS', '');
  setPixels(dataSet, toRgb(grayPhantom(320, 240, { depth: 0.4, maximum: 255 })), {
    rows: 240,
    columns: 320,
    bits: 8,
    stored: 8,
    samples: 3,
  });
  return instanceOf(dataSet, study, { name: 'us-colour', ...facts });
}

function ultrasoundLoop(study: Study, sopInstanceUid: Uid): SyntheticInstance {
  const facts = { sopClassUid: classes.usMultiFrame, sopInstanceUid, modality: 'US' as const, number: 2 };
  const frames = 24;
  const dataSet = common(study, facts)
    .setText(Tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY', '', '0001'])
    .setText(Tags.LossyImageCompression, 'CS', '00')
    .setText(Tags.PatientOrientation, 'CS', '')
    .setText(Tags.NumberOfFrames, 'IS', String(frames))
    .setText(Tags.FrameTime, 'DS', '40')
    .setNumber(Tags.FrameIncrementPointer, 'AT', Tags.FrameTime);
  setPixels(dataSet, grayLoop(256, 192, frames), { rows: 192, columns: 256, bits: 8, stored: 8, samples: 1 });
  return instanceOf(dataSet, study, { name: 'us-loop', ...facts });
}

function radiograph(study: Study, sopInstanceUid: Uid): SyntheticInstance {
  const facts = { sopClassUid: classes.CR, sopInstanceUid, modality: 'CR' as const, number: 1 };
  const dataSet = common(study, facts)
    .setText(Tags.ImageType, 'CS', ['ORIGINAL', 'PRIMARY'])
    .setText(Tags.BodyPartExamined, 'CS', 'CHEST')
    .setText(Tags.ViewPosition, 'CS', 'PA')
    .setText(Tags.PatientOrientation, 'CS', ['L', 'F'])
    .setText(Tags.ImagerPixelSpacing, 'DS', ['0.4', '0.4']);
  const pixels = grayPhantom(768, 1024, { depth: 0.6, maximum: 1023 });
  const bytes = new Uint8Array(pixels.length * 2);
  const view = new DataView(bytes.buffer);
  pixels.forEach((value, at) => view.setUint16(at * 2, value, true));
  setPixels(dataSet, bytes, { rows: 1024, columns: 768, bits: 16, stored: 10, samples: 1 });
  return instanceOf(dataSet, study, { name: 'cr', ...facts });
}

/** A Basic Text SR with one text item, PS3.3 A.35.1. */
function report(study: Study, sopInstanceUid: Uid): SyntheticInstance {
  const facts = { sopClassUid: classes.SR, sopInstanceUid, modality: 'SR' as const, number: 1 };
  const finding = new DataSet()
    .setText(Tags.RelationshipType, 'CS', 'CONTAINS')
    .setText(Tags.ValueType, 'CS', 'TEXT')
    .setItems(Tags.ConceptNameCodeSequence, [code('121071', 'DCM', 'Finding')])
    .setText(Tags.TextValue, 'UT', 'A phantom without pathological findings. Kein Befund. 異常なし。');
  const dataSet = common(study, { ...facts, series: { uid: study.reportSeriesInstanceUid, number: 2 } })
    .setItems(Tags.ReferencedPerformedProcedureStepSequence, [])
    .setText(Tags.ValueType, 'CS', 'CONTAINER')
    .setText(Tags.ContinuityOfContent, 'CS', 'SEPARATE')
    .setItems(Tags.ConceptNameCodeSequence, [code('18748-4', 'LN', 'Diagnostic Imaging Report')])
    .setItems(Tags.PerformedProcedureCodeSequence, [])
    .setText(Tags.CompletionFlag, 'CS', 'COMPLETE')
    .setText(Tags.VerificationFlag, 'CS', 'UNVERIFIED')
    .setItems(Tags.ContentSequence, [finding]);
  return instanceOf(dataSet, study, { name: 'sr', ...facts });
}

/** The ventricles of the CT phantom, in a series of their own. */
function segmentation(study: Study, sliced: readonly SegmentedSlice[], size: number): SyntheticInstance {
  const facts = { sopClassUid: classes.SEG, sopInstanceUid: study.newUid(), modality: 'SEG' as const, number: 1 };
  const dataSet = common(study, { ...facts, series: { uid: study.newUid(), number: 3 } })
    .setText(Tags.FrameOfReferenceUID, 'UI', study.frameOfReferenceUid)
    .setText(Tags.PositionReferenceIndicator, 'LO', '');
  setSegmentation(dataSet, {
    sopClassUid: classes.CT,
    seriesInstanceUid: study.seriesInstanceUid,
    size,
    slices: sliced,
    ...{ orientation, spacing, thickness },
    dimensionOrganizationUid: study.newUid(),
  });
  return instanceOf(dataSet, study, { name: 'seg', ...facts });
}

function instanceOf(
  dataSet: DataSet,
  study: Study,
  facts: Pick<SyntheticInstance, 'name' | 'modality' | 'sopClassUid' | 'sopInstanceUid'>,
): SyntheticInstance {
  return {
    name: facts.name,
    modality: facts.modality,
    sopClassUid: facts.sopClassUid,
    sopInstanceUid: facts.sopInstanceUid,
    studyInstanceUid: study.studyInstanceUid,
    transferSyntaxUid: TransferSyntaxes.ExplicitVrLittleEndian,
    dataSet: writeDataSet(dataSet, TransferSyntaxes.ExplicitVrLittleEndian),
  };
}
