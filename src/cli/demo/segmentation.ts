/**
 * The part of a synthetic segmentation that is its own (PS3.3 A.51): one binary segment over the slices of a series, a frame for
 * each, computed from their pixels. Patient, study and equipment are put in by synthetic.ts, as for all others.
 */
import { DataSet } from '../../dicom/data-set.ts';
import { Tags } from '../../dicom/dictionary/dictionary.ts';
import type { Uid } from '../../dicom/uid.ts';

export interface SegmentedSlice {
  readonly sopInstanceUid: Uid;
  readonly pixels: Uint16Array;
  /** Image Position (Patient), mm. */
  readonly position: readonly string[];
}

export interface SegmentedSeries {
  readonly sopClassUid: Uid;
  readonly seriesInstanceUid: Uid;
  /** Rows and columns. */
  readonly size: number;
  readonly slices: readonly SegmentedSlice[];
  /** Image Orientation (Patient) of all of them, Pixel Spacing and Slice Thickness in mm. */
  readonly orientation: readonly string[];
  readonly spacing: readonly string[];
  readonly thickness: string;
  readonly dimensionOrganizationUid: Uid;
}

/** Which pixels of the phantom (of at most 4,095) the segment has: its two ventricles. */
const segmented = { from: 500, to: 1000 };

export function code(value: string, scheme: string, meaning: string): DataSet {
  return new DataSet()
    .setText(Tags.CodeValue, 'SH', value)
    .setText(Tags.CodingSchemeDesignator, 'SH', scheme)
    .setText(Tags.CodeMeaning, 'LO', meaning);
}

/** Puts Segmentation Series, Image and Multi-frame modules (PS3.3 C.8.20, C.7.6.16, C.7.6.17) into `dataSet`. */
export function setSegmentation(dataSet: DataSet, series: SegmentedSeries): void {
  const { slices, size } = series;
  dataSet
    .setText(Tags.ImageType, 'CS', ['DERIVED', 'PRIMARY'])
    .setText(Tags.ContentLabel, 'CS', 'VENTRICLES')
    .setText(Tags.ContentDescription, 'LO', 'Ventricles of the phantom')
    .setText(Tags.ContentCreatorName, 'PN', 'Demo^Segmenter')
    .setItems(Tags.ReferencedSeriesSequence, [
      new DataSet().setText(Tags.SeriesInstanceUID, 'UI', series.seriesInstanceUid).setItems(
        Tags.ReferencedInstanceSequence,
        slices.map((slice) => reference(series, slice)),
      ),
    ])
    .setText(Tags.SegmentationType, 'CS', 'BINARY')
    .setItems(Tags.SegmentSequence, [segment()])
    .setText(Tags.LossyImageCompression, 'CS', '00')
    .setNumber(Tags.SamplesPerPixel, 'US', 1)
    .setText(Tags.PhotometricInterpretation, 'CS', 'MONOCHROME2')
    .setText(Tags.NumberOfFrames, 'IS', String(slices.length))
    .setNumber(Tags.Rows, 'US', size)
    .setNumber(Tags.Columns, 'US', size)
    .setNumber(Tags.BitsAllocated, 'US', 1)
    .setNumber(Tags.BitsStored, 'US', 1)
    .setNumber(Tags.HighBit, 'US', 0)
    .setNumber(Tags.PixelRepresentation, 'US', 0)
    .setBytes(Tags.PixelData, 'OB', bitsOf(slices));
  setFunctionalGroups(dataSet, series);
}

function reference({ sopClassUid }: SegmentedSeries, { sopInstanceUid }: SegmentedSlice): DataSet {
  return new DataSet()
    .setText(Tags.ReferencedSOPClassUID, 'UI', sopClassUid)
    .setText(Tags.ReferencedSOPInstanceUID, 'UI', sopInstanceUid);
}

function segment(): DataSet {
  return new DataSet()
    .setNumber(Tags.SegmentNumber, 'US', 1)
    .setText(Tags.SegmentLabel, 'LO', 'Ventricles')
    .setText(Tags.SegmentAlgorithmType, 'CS', 'AUTOMATIC')
    .setText(Tags.SegmentAlgorithmName, 'LO', 'Threshold')
    .setNumber(Tags.RecommendedDisplayCIELabValue, 'US', [40_000, 50_000, 50_000])
    .setItems(Tags.SegmentedPropertyCategoryCodeSequence, [code('123037004', 'SCT', 'Body structure')])
    .setItems(Tags.SegmentedPropertyTypeCodeSequence, [code('35764002', 'SCT', 'Brain ventricle')]);
}

function setFunctionalGroups(dataSet: DataSet, series: SegmentedSeries): void {
  const { slices, dimensionOrganizationUid: organization } = series;
  const dimension = (pointer: number, group: number): DataSet =>
    new DataSet()
      .setText(Tags.DimensionOrganizationUID, 'UI', organization)
      .setNumber(Tags.DimensionIndexPointer, 'AT', pointer)
      .setNumber(Tags.FunctionalGroupPointer, 'AT', group);
  dataSet
    .setItems(Tags.DimensionOrganizationSequence, [
      new DataSet().setText(Tags.DimensionOrganizationUID, 'UI', organization),
    ])
    .setItems(Tags.DimensionIndexSequence, [
      dimension(Tags.ReferencedSegmentNumber, Tags.SegmentIdentificationSequence),
      dimension(Tags.ImagePositionPatient, Tags.PlanePositionSequence),
    ])
    .setItems(Tags.SharedFunctionalGroupsSequence, [
      new DataSet()
        .setItems(Tags.PixelMeasuresSequence, [
          new DataSet()
            .setText(Tags.SliceThickness, 'DS', series.thickness)
            .setText(Tags.SpacingBetweenSlices, 'DS', series.thickness)
            .setText(Tags.PixelSpacing, 'DS', series.spacing),
        ])
        .setItems(Tags.PlaneOrientationSequence, [
          new DataSet().setText(Tags.ImageOrientationPatient, 'DS', series.orientation),
        ]),
    ])
    .setItems(
      Tags.PerFrameFunctionalGroupsSequence,
      slices.map((slice, index) => frameGroups(series, slice, index + 1)),
    );
}

function frameGroups(series: SegmentedSeries, slice: SegmentedSlice, number: number): DataSet {
  const source = reference(series, slice).setItems(Tags.PurposeOfReferenceCodeSequence, [
    code('121322', 'DCM', 'Source image for image processing operation'),
  ]);
  const derivation = new DataSet()
    .setItems(Tags.SourceImageSequence, [source])
    .setItems(Tags.DerivationCodeSequence, [code('113076', 'DCM', 'Segmentation')]);
  return new DataSet()
    .setItems(Tags.FrameContentSequence, [new DataSet().setNumber(Tags.DimensionIndexValues, 'UL', [1, number])])
    .setItems(Tags.PlanePositionSequence, [new DataSet().setText(Tags.ImagePositionPatient, 'DS', slice.position)])
    .setItems(Tags.DerivationImageSequence, [derivation])
    .setItems(Tags.SegmentIdentificationSequence, [new DataSet().setNumber(Tags.ReferencedSegmentNumber, 'US', 1)]);
}

/** PS3.5 8.1.1: frames follow each other bit by bit, the first pixel in the lowest bit. */
function bitsOf(slices: readonly SegmentedSlice[]): Uint8Array {
  const pixels = slices.flatMap((slice) => [...slice.pixels]);
  const bytes = new Uint8Array(2 * Math.ceil(pixels.length / 16));
  for (const [at, value] of pixels.entries()) {
    if (value < segmented.from || value > segmented.to) continue;
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return bytes;
}
