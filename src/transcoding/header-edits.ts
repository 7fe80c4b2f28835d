/**
 * What a data set has to say otherwise when its pixels stand in another transfer syntax: colours and their order
 * (PS3.3 C.7.6.3.1.2, C.7.6.3.1.3), loss that happened before (C.7.6.1.1.5), and tables that lead nowhere any more.
 */
import { DataSet, type Element } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../dicom/tag.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import type { ImageSurvey } from './image-survey.ts';

/** By tag, in rising order; undefined: the element does not go along. */
export type HeaderEdits = ReadonlyMap<Tag, Element | undefined>;

/** What the frames are after the conversion. */
export interface Colours {
  readonly photometricInterpretation: string;
  readonly planarConfiguration: number;
}

export interface EditFacts {
  readonly from: string;
  readonly survey: ImageSurvey;
  /** Undefined when there is no image. */
  readonly colours: Colours | undefined;
  /** Of all frames. */
  readonly nativeBytes: number;
}

export function headerEdits({ from, survey, colours, nativeBytes }: EditFacts): HeaderEdits {
  const changed = new DataSet();
  if (survey.image !== undefined && colours !== undefined) {
    const { facts } = survey.image;
    if (colours.photometricInterpretation !== facts.photometricInterpretation) {
      changed.setText(Tags.PhotometricInterpretation, 'CS', colours.photometricInterpretation);
    }
    if (facts.samplesPerPixel > 1) changed.setNumber(Tags.PlanarConfiguration, 'US', colours.planarConfiguration);
    setLoss(changed, { from, survey, nativeBytes });
  }
  const edits = new Map<Tag, Element | undefined>([...changed].map((element) => [element.tag, element]));
  for (const tag of survey.nestedIn) edits.set(tag, undefined);
  for (const tag of tablesOfFragments) edits.set(tag, undefined);
  return new Map([...edits].toSorted(([a], [b]) => a - b));
}

/** They tell where fragments were, and how long. */
const tablesOfFragments: readonly Tag[] = [
  Tags.ExtendedOffsetTable,
  Tags.ExtendedOffsetTableLengths,
  Tags.EncapsulatedPixelDataValueTotalLength,
];

/** Syntaxes that never hold all of an image, and the defined term of their method (PS3.3 C.7.6.1.1.5.1). */
const alwaysLossy: ReadonlyMap<string, string> = new Map([
  [T.JPEGBaseline8Bit, 'ISO_10918_1'],
  [T.JPEGExtended12Bit, 'ISO_10918_1'],
  [T.JPEGSpectralSelectionNonHierarchical68, 'ISO_10918_1'],
  [T.JPEGFullProgressionNonHierarchical1012, 'ISO_10918_1'],
  [T.JPEGLSNearLossless, 'ISO_14495_1'],
]);

/**
 * The transfer syntax was the only one to tell of the loss, and it changes now: PS3.3 C.7.6.1.1.5, once 01, always 01.
 * JPEG 2000 and HTJ2K that may be either are believed to be what the data set says.
 */
function setLoss(changed: DataSet, { from, survey, nativeBytes }: Omit<EditFacts, 'colours'>): void {
  const method = alwaysLossy.get(from);
  const { head, image } = survey;
  if (method === undefined || head.text(Tags.LossyImageCompression) === '01') return;
  changed.setText(Tags.LossyImageCompression, 'CS', '01');
  if ((head.text(Tags.LossyImageCompressionMethod) ?? '') === '') {
    changed.setText(Tags.LossyImageCompressionMethod, 'CS', method);
  }
  const encodedBytes = (image?.groups ?? []).reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if ((head.text(Tags.LossyImageCompressionRatio) ?? '') === '' && encodedBytes > 0) {
    changed.setText(Tags.LossyImageCompressionRatio, 'DS', (nativeBytes / encodedBytes).toFixed(2));
  }
}
