/**
 * What a data set has to say otherwise when its pixels stand in another transfer syntax: colours and their order
 * (PS3.3 C.7.6.3.1.2, C.7.6.3.1.3), loss that happened before (C.7.6.1.1.5), and tables that lead nowhere any more.
 */
import type { FrameFacts } from '../codecs/frame.ts';
import { bareCodestream, readJpeg2000Header } from '../codecs/jpeg2000-header.ts';
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
  readonly survey: ImageSurvey;
  /** Undefined when there is no image. */
  readonly colours: Colours | undefined;
  /** How the stored image was compressed with loss, if it was (lossyMethod). */
  readonly lossyMethod: string | undefined;
  /** Of all frames. */
  readonly nativeBytes: number;
}

export function headerEdits({ survey, colours, lossyMethod: method, nativeBytes }: EditFacts): HeaderEdits {
  const changed = new DataSet();
  if (survey.image !== undefined && colours !== undefined) {
    const { facts } = survey.image;
    if (colours.photometricInterpretation !== facts.photometricInterpretation) {
      changed.setText(Tags.PhotometricInterpretation, 'CS', colours.photometricInterpretation);
    }
    if (facts.samplesPerPixel > 1) changed.setNumber(Tags.PlanarConfiguration, 'US', colours.planarConfiguration);
    if (method !== undefined) setLoss(changed, { survey, method, nativeBytes });
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

/** Syntaxes that never hold all of an image. */
const alwaysLossy: ReadonlyMap<string, string> = new Map([
  [T.JPEGBaseline8Bit, 'ISO_10918_1'],
  [T.JPEGExtended12Bit, 'ISO_10918_1'],
  [T.JPEGSpectralSelectionNonHierarchical68, 'ISO_10918_1'],
  [T.JPEGFullProgressionNonHierarchical1012, 'ISO_10918_1'],
  [T.JPEGLSNearLossless, 'ISO_14495_1'],
  // What is inside was a JPEG file.
  [T.JPEGXLJPEGRecompression, 'ISO_10918_1'],
  // Its codestream does not tell; what is without loss has a syntax of its own.
  [T.JPEGXL, 'ISO_18181_1'],
]);

const waveletMaybeLossy: ReadonlySet<string> = new Set([T.JPEG2000, T.HTJ2K]);

/**
 * The defined term of Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1) for an image in this transfer syntax, or undefined
 * when the syntax or its codestream tells of no loss.
 * @throws LeadglassError as `readJpeg2000Header`
 */
export function lossyMethod(from: string, firstFrame: Uint8Array, facts: FrameFacts): string | undefined {
  if (!waveletMaybeLossy.has(from)) return alwaysLossy.get(from);
  const { reversible, highThroughput } = readJpeg2000Header(bareCodestream(firstFrame), facts);
  if (reversible) return undefined;
  return highThroughput ? 'ISO_15444_15' : 'ISO_15444_1';
}

interface Loss {
  readonly survey: ImageSurvey;
  readonly method: string;
  readonly nativeBytes: number;
}

/** Perhaps only the stored syntax told of the loss, and it changes now: PS3.3 C.7.6.1.1.5, once 01, always 01. */
function setLoss(changed: DataSet, { survey: { head, image }, method, nativeBytes }: Loss): void {
  if (head.text(Tags.LossyImageCompression) === '01') return;
  changed.setText(Tags.LossyImageCompression, 'CS', '01');
  if ((head.text(Tags.LossyImageCompressionMethod) ?? '') === '') {
    changed.setText(Tags.LossyImageCompressionMethod, 'CS', method);
  }
  const encodedBytes = (image?.groups ?? []).reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
  if ((head.text(Tags.LossyImageCompressionRatio) ?? '') === '' && encodedBytes > 0) {
    changed.setText(Tags.LossyImageCompressionRatio, 'DS', (nativeBytes / encodedBytes).toFixed(2));
  }
}
