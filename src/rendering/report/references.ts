/**
 * Instances that a report refers to (PS3.3 10.8, C.18.3 to C.18.5), and where they are: content items name only the instance, its
 * study and series stand in the lists of evidence (C.17.2.3).
 */
import type { DataSet } from '../../dicom/data-set.ts';
import { sopClassName } from '../../dicom/sop-class.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import type { Tag } from '../../dicom/tag.ts';
import { isUid } from '../../dicom/uid.ts';

export interface SopReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly frames: readonly number[];
  readonly segments: readonly number[];
  /** Multiplex group and channel in turn, from 1; channel 0 is all. */
  readonly channels: readonly number[];
  /** How an image was looked at. */
  readonly presentationState?: SopReference;
}

export interface Place {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

/** By SOP Instance UID. */
export type Places = ReadonlyMap<string, Place>;

const placed: readonly Tag[] = [
  Tags.CurrentRequestedProcedureEvidenceSequence,
  Tags.PertinentOtherEvidenceSequence,
  Tags.PredecessorDocumentsSequence,
  Tags.IdenticalDocumentsSequence,
];

/** Of all that is listed; what is no UID is left out, since a URL is made of it. */
export function readPlaces(dataSet: DataSet): Places {
  const places = new Map<string, Place>();
  for (const study of placed.flatMap((tag) => dataSet.items(tag))) {
    const studyInstanceUid = study.text(Tags.StudyInstanceUID) ?? '';
    for (const series of study.items(Tags.ReferencedSeriesSequence)) {
      const seriesInstanceUid = series.text(Tags.SeriesInstanceUID) ?? '';
      for (const instance of series.items(Tags.ReferencedSOPSequence)) {
        const uid = instance.text(Tags.ReferencedSOPInstanceUID) ?? '';
        const isPlace = [studyInstanceUid, seriesInstanceUid, uid].every(isUid);
        if (isPlace && !places.has(uid)) places.set(uid, { studyInstanceUid, seriesInstanceUid });
      }
    }
  }
  return places;
}

/** All instances of such a list, in its order. */
export function readListed(dataSet: DataSet, tag: Tag): readonly SopReference[] {
  return dataSet
    .items(tag)
    .flatMap((study) => study.items(Tags.ReferencedSeriesSequence))
    .flatMap((series) => series.items(Tags.ReferencedSOPSequence))
    .map(readReference);
}

export function readReference(item: DataSet): SopReference {
  const state = item.items(Tags.ReferencedSOPSequence)[0];
  const presentationState = state === undefined ? {} : { presentationState: readFlat(state) };
  return { ...readFlat(item), ...presentationState };
}

function readFlat(item: DataSet): SopReference {
  return {
    sopClassUid: item.text(Tags.ReferencedSOPClassUID) ?? '',
    sopInstanceUid: item.text(Tags.ReferencedSOPInstanceUID) ?? '',
    frames: whole(item.numbers(Tags.ReferencedFrameNumber)),
    segments: whole(item.numbers(Tags.ReferencedSegmentNumber)),
    channels: whole(item.numbers(Tags.ReferencedWaveformChannels)),
  };
}

function whole(numbers: readonly number[]): readonly number[] {
  return numbers.filter((number) => Number.isInteger(number) && number >= 0);
}

/** What it is, for people: `CT Image`, or the UID of a class that is not known. */
export function className({ sopClassUid }: SopReference): string {
  if (!isUid(sopClassUid)) return sopClassUid;
  return sopClassName(sopClassUid).replace(/ Storage(?: SOP Class)?$/, '');
}

/** Classes of which the frames have no pictures by themselves (PS3.3 A.32.5 to A.32.7). */
const videoClasses: ReadonlySet<string> = new Set([
  '1.2.840.10008.5.1.4.1.1.77.1.1.1',
  '1.2.840.10008.5.1.4.1.1.77.1.2.1',
  '1.2.840.10008.5.1.4.1.1.77.1.4.1',
]);

/** Frames that a URL lists; a reference to more leads to the instance. */
const linkedFramesMax = 16;

/**
 * The rendered resource of what is referred to, where its place is known.
 * @param baseUrl of the web service, without a slash at its end
 */
export function renderedUrl(reference: SopReference, places: Places, baseUrl: string): string | undefined {
  const place = places.get(reference.sopInstanceUid);
  if (place === undefined) return undefined;
  const { studyInstanceUid, seriesInstanceUid } = place;
  const frames = [...new Set(reference.frames)].filter((frame) => frame > 0).toSorted((a, b) => a - b);
  const path = `studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${reference.sopInstanceUid}`;
  const hasFrames = frames.length > 0 && frames.length <= linkedFramesMax && !videoClasses.has(reference.sopClassUid);
  return `${baseUrl}/${path}${hasFrames ? `/frames/${frames.join(',')}` : ''}/rendered`;
}
