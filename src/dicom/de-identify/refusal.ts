/**
 * What cannot be cleaned, since pixels and documents are passed through untouched: it is refused, and says why. Two rules: one for
 * a person at the command line, who sees what he does, and a stricter one for what is handed out by itself.
 */
import type { DataSet } from '../data-set.ts';
import { Tags } from '../dictionary/tags.generated.ts';
import { isStorageSopClass } from '../sop-class.ts';
import { type Tag, tagOf } from '../tag.ts';
import { isUid } from '../uid.ts';

/** Overlay Bits Allocated and Overlay Bit Position of the sixteen groups 60xx. */
const overlays = Array.from({ length: 16 }, (_, index) => {
  const group = 0x6000 + 2 * index;
  return { bitsAllocated: tagOf(group, 0x0100), bitPosition: tagOf(group, 0x0102) };
});

/** What `whyNotClean` looks at. */
export const lookedAt: ReadonlySet<Tag> = new Set<Tag>([
  Tags.SOPClassUID,
  Tags.SOPInstanceUID,
  Tags.StudyInstanceUID,
  Tags.SeriesInstanceUID,
  Tags.Modality,
  Tags.ConversionType,
  Tags.ImageType,
  Tags.PatientID,
  Tags.IssuerOfPatientID,
  Tags.BurnedInAnnotation,
  Tags.RecognizableVisualFeatures,
  ...overlays.flatMap(({ bitsAllocated, bitPosition }) => [bitsAllocated, bitPosition]),
]);

/**
 * Images whose machines write no text into the picture (PS3.3 C.7.6.1.1.1 knows the exceptions): radiography, CT, MR, nuclear
 * medicine. Not ultrasound, secondary capture, photographs, videos, waveforms, reports and documents.
 */
const usuallyClean: ReadonlySet<string> = new Set(
  [
    '1',
    '1.1',
    '1.1.1',
    '1.2',
    '1.2.1',
    '1.3',
    '1.3.1',
    '2',
    '2.1',
    '2.2',
    '4',
    '4.1',
    '4.3',
    '4.4',
    '20',
    '128',
    '128.1',
    '130',
    '12.1',
    '12.1.1',
    '12.2',
    '12.2.1',
    '13.1.1',
    '13.1.2',
    '13.1.3',
    '13.1.4',
    '13.1.5',
  ].map((last) => `1.2.840.10008.5.1.4.1.1.${last}`),
);

/** Their modalities: a scope that names them leaves out whole studies of others. */
export const usuallyCleanModalities: readonly string[] = [
  'CR',
  'CT',
  'DX',
  'IO',
  'MG',
  'MR',
  'NM',
  'PT',
  'PX',
  'RF',
  'XA',
];

/** Encapsulated documents and STL, OBJ, MTL. */
const documentRoot = '1.2.840.10008.5.1.4.1.1.104.';

/** Why this instance cannot be de-identified, for people; undefined when it can. `strict`: only kinds that are usually clean. */
export function whyNotClean(head: DataSet, { strict }: { readonly strict: boolean }): string | undefined {
  const sopClass = head.text(Tags.SOPClassUID) ?? '';
  if (!isUid(sopClass) || !isStorageSopClass(sopClass)) return 'it is of no standard storage SOP class';
  if (sopClass.startsWith(documentRoot)) return 'it holds a document, and nothing here can look into it';
  if (head.text(Tags.RecognizableVisualFeatures) === 'YES') return 'it shows a face, as it says itself';
  const burnedIn = head.text(Tags.BurnedInAnnotation) ?? '';
  if (burnedIn === 'YES') return 'text is burned into its pixels, as it says itself';
  if (hasOverlayInPixels(head)) return 'an overlay lies in unused bits of its pixels';
  const isUsuallyClean = usuallyClean.has(sopClass);
  if (strict && !isUsuallyClean) return 'instances of its kind often hold text in their pixels';
  if (strict && !usuallyCleanModalities.includes(head.text(Tags.Modality) ?? ''))
    return 'instances of its modality often hold text in their pixels';
  if (isScreenCopy(head)) {
    if (strict || burnedIn !== 'NO') return 'it is a copy of a screen or a scan';
  } else if (!strict && !isUsuallyClean && mayShowText(sopClass) && burnedIn !== 'NO') {
    return 'instances of its kind often hold text in their pixels, and it does not say that it has none (0028,0301)';
  }
  return undefined;
}

/** Overlays of old: group 60xx says where, the bits lie in Pixel Data (retired, PS3.3 C.9.2). */
function hasOverlayInPixels(head: DataSet): boolean {
  return overlays.some(
    ({ bitsAllocated, bitPosition }) => (head.number(bitPosition) ?? 0) > 0 || (head.number(bitsAllocated) ?? 1) > 1,
  );
}

function isScreenCopy(head: DataSet): boolean {
  const kinds = head.texts(Tags.ImageType);
  return (
    kinds.includes('SCREEN SAVE') ||
    kinds.includes('SCREEN_SAVE') ||
    (head.text(Tags.ConversionType) ?? '') !== '' ||
    head.text(Tags.Modality) === 'DOC'
  );
}

/** Reports, presentation states and other objects without pixels of their own show no more than their attributes. */
const withoutPixels = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(?:11\.|66|67|68|88\.|481\.|9\.)/;

function mayShowText(sopClass: string): boolean {
  return !withoutPixels.test(sopClass);
}
