/**
 * Lossy copies: what a data set has to say when its pixels were compressed with loss, PS3.3 C.7.6.1.1.5. Such an image is another
 * instance, DERIVED, with a new SOP Instance UID that names the stored one as its source; none is kept here.
 */
import { createHash } from 'node:crypto';
import type { StoredInstance } from '../backends/backend.ts';
import { canDecode, canEncode } from '../codecs/capabilities.ts';
import { DataSet, type Element } from '../dicom/data-set.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { isEvidenceSopClass } from '../dicom/sop-class.ts';
import type { Tag } from '../dicom/tag.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { knownUid, type Uid, uidFromRandom } from '../dicom/uid.ts';
import type { HeaderEdits } from './header-edits.ts';
import { isNativeSyntax } from './syntax-pairs.ts';

/** What is made with loss, and the method's defined term (C.7.6.1.1.5.1). */
const lossyMethods: ReadonlyMap<string, string> = new Map<string, string>([
  [T.JPEGBaseline8Bit, 'ISO_10918_1'],
  [T.JPEGLSNearLossless, 'ISO_14495_1'],
  [T.JPEG2000, 'ISO_15444_1'],
  [T.HTJ2K, 'ISO_15444_15'],
]);

export const lossySyntaxes: readonly Uid[] = [...lossyMethods.keys()].map(knownUid);

/** Their samples are doses, measures and classes: a number that is a little off is another answer. */
const neverLossy: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.481.2', // RT Dose
  '1.2.840.10008.5.1.4.1.1.30', // Parametric Map
]);

/** May an image of this class be led from one syntax to the other with loss? A single image may still be of a kind that cannot. */
export function canDerive(from: string, to: string, sopClassUid: Uid): boolean {
  if (from === to || !lossyMethods.has(to) || !canEncode(to)) return false;
  if (isEvidenceSopClass(sopClassUid) || neverLossy.has(sopClassUid)) return false;
  return isNativeSyntax(from) || canDecode(from);
}

/** To be raised with whatever makes the encoders write other bytes: the same UID may never stand for two images. */
const recipe = 'leadglass lossy 2';

/** The same for the same stored bytes and syntax, so that who asks twice has one instance, not two. */
export function derivedUid({ head, sha256 }: Pick<StoredInstance, 'head' | 'sha256'>, to: string): Uid {
  const hash = createHash('sha256').update(`${recipe}\n${head.sopInstanceUid}\n${to}\n`).update(sha256).digest();
  return uidFromRandom(hash);
}

export interface DerivationFacts {
  /** The stored image's own attributes. */
  readonly head: DataSet;
  readonly sopInstanceUid: Uid;
  readonly transferSyntaxUid: string;
  /** Native bytes of a frame for each byte that became of it. */
  readonly ratio: number;
  /** Whether the stored image has lost something before. */
  readonly wasLossy: boolean;
}

/** On top of what every conversion says (header-edits.ts). */
export function derivationEdits(facts: DerivationFacts): HeaderEdits {
  const { head, sopInstanceUid, transferSyntaxUid, ratio, wasLossy } = facts;
  const before = lossBefore(head);
  const method = lossyMethods.get(transferSyntaxUid) ?? '';
  const changed = new DataSet()
    .setText(Tags.ImageType, 'CS', ['DERIVED', ...restOf(head.texts(Tags.ImageType))])
    .setText(Tags.SOPInstanceUID, 'UI', sopInstanceUid)
    .setText(Tags.DerivationDescription, 'ST', 'Lossy compression')
    .setItems(Tags.SourceImageSequence, [sourceOf(head, wasLossy)])
    .setItems(Tags.DerivationCodeSequence, [code('113040', 'Lossy Compression')])
    .setText(Tags.LossyImageCompression, 'CS', '01')
    .setText(Tags.LossyImageCompressionRatio, 'DS', [...before.ratios, ratio.toFixed(2)])
    .setText(Tags.LossyImageCompressionMethod, 'CS', [...before.methods, method]);
  const edits = new Map([...changed].map((element) => [element.tag, element] as const));
  // A signature is of the other instance.
  return new Map<Tag, Element | undefined>([
    ...edits,
    [Tags.MACParametersSequence, undefined],
    [Tags.DigitalSignaturesSequence, undefined],
  ]);
}

function restOf(imageType: readonly string[]): readonly string[] {
  return imageType.length > 1 ? imageType.slice(1) : ['SECONDARY'];
}

/** Ratio and method have a value for each loss, in their order; unless there is one for each, nobody knows which is whose. */
function lossBefore(head: DataSet): { readonly ratios: readonly string[]; readonly methods: readonly string[] } {
  const ratios = head.texts(Tags.LossyImageCompressionRatio);
  const methods = head.texts(Tags.LossyImageCompressionMethod);
  return ratios.length === methods.length ? { ratios, methods } : { ratios: [], methods: [] };
}

function sourceOf(head: DataSet, wasLossy: boolean): DataSet {
  const source = new DataSet()
    .setText(Tags.ReferencedSOPClassUID, 'UI', head.text(Tags.SOPClassUID) ?? '')
    .setText(Tags.ReferencedSOPInstanceUID, 'UI', head.text(Tags.SOPInstanceUID) ?? '');
  // CID 7202 has a word for the image that had lost nothing.
  if (wasLossy) return source;
  return source.setItems(Tags.PurposeOfReferenceCodeSequence, [code('121320', 'Uncompressed predecessor')]);
}

function code(value: string, meaning: string): DataSet {
  return new DataSet()
    .setText(Tags.CodeValue, 'SH', value)
    .setText(Tags.CodingSchemeDesignator, 'SH', 'DCM')
    .setText(Tags.CodeMeaning, 'LO', meaning);
}
