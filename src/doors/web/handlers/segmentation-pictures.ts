/** Pictures of a segmentation: the segments of one place in their colours, over the image that they were drawn on. */
import type { StoredInstance } from '../../../backends/backend.ts';
import type { DrawnPicture } from '../../../codecs/draw-frame.ts';
import { LeadglassError } from '../../../error.ts';
import type { Mask } from '../../../rendering/marks.ts';
import { geometryElements, mappingBetween } from '../../../rendering/plane-geometry.ts';
import { blankImage } from '../../../rendering/image-facts.ts';
import { readFrameFacts } from '../../../rendering/read-image-facts.ts';
import { labelElements, readLabels } from '../../../rendering/read-labels.ts';
import {
  maskOf,
  otherStudies,
  type SegmentedPlace,
  segmentationElements,
  segmentedPlaces,
  sourceOf,
} from '../../../rendering/segmentation.ts';
import type { Depicting, Depiction } from './depiction.ts';
import { DrawableImage, drawBlank, type PictureOrder, type PictureServices } from './pictures.ts';
import { References } from './references.ts';
import { ownerOf } from '../../../guard/principal.ts';

/**
 * One for each place, or for each frame of a list; the one that stands for all is in the middle.
 * @throws LeadglassError NOT_FOUND for a frame that is not there; MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED; what reading throws
 */
export async function* segmentationDepictions(
  instance: StoredInstance,
  { facts, order, frames, isOne }: Depicting,
): AsyncGenerator<Depiction, void, undefined> {
  const annotation = labelElements(order.parameters.annotation);
  const more = new Set([...segmentationElements, ...geometryElements, ...annotation]);
  const segments = await DrawableImage.open(instance, facts, more);
  if (segments === undefined) return;
  const places = placesOf(segments, frames, isOne);
  await using references = await References.open(
    {
      studies: [instance.head.studyInstanceUid, ...otherStudies(segments.dataSet)],
      instances: places.flatMap(({ source }) => (source === undefined ? [] : [source.sopInstanceUid])),
    },
    facts,
  );
  for (const place of places) {
    const named = place.source && references.get(place.source.sopInstanceUid);
    const found = named !== undefined && isOfItsPatient(named, instance) ? named : undefined;
    const drawing = { segments, place, order, facts };
    yield {
      madeOf: found === undefined ? [] : [found.sha256],
      frames: place.frames,
      draw: async () => {
        const source = found && (await DrawableImage.open(found, facts, more));
        if (found === undefined || source === undefined) return await drawAlone(drawing);
        return await references.leaving(found, () => drawOver(source, drawing));
      },
    };
  }
}

/**
 * Who asks may see the other study, too; but the picture is under this patient's study, and who reads it takes it for this patient's. In the same
 * study both stand under the same patient in every list.
 */
function isOfItsPatient({ head: source }: StoredInstance, { head }: StoredInstance): boolean {
  if (source.studyInstanceUid === head.studyInstanceUid) return true;
  return source.patientId === head.patientId && source.issuerOfPatientId === head.issuerOfPatientId;
}

function placesOf(
  { dataSet, numberOfFrames }: DrawableImage,
  frames: readonly number[] | undefined,
  isOne: boolean,
): readonly SegmentedPlace[] {
  if (frames === undefined) {
    const places = segmentedPlaces(dataSet, numberOfFrames);
    const middle = Math.floor(places.length / 2);
    return isOne ? places.slice(middle, middle + 1) : places;
  }
  if ((frames.at(-1) ?? 1) > numberOfFrames) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  return frames.map((frame) => {
    const source = sourceOf(dataSet, frame);
    return { frames: [frame], ...(source === undefined ? {} : { source }) };
  });
}

interface SegmentDrawing {
  readonly segments: DrawableImage;
  readonly place: SegmentedPlace;
  readonly order: PictureOrder;
  readonly facts: PictureServices;
}

async function drawOver(source: DrawableImage, drawing: SegmentDrawing): Promise<DrawnPicture> {
  const { segments, place, order, facts } = drawing;
  const frame = Math.min(place.source?.frame ?? 1, source.numberOfFrames);
  const from = { dataSet: source.dataSet, frame };
  const isSameSize = sidesOf(source) === sidesOf(segments);
  const mappings = place.frames.map((own) => mappingBetween(from, { dataSet: segments.dataSet, frame: own }));
  // Neither in the same pixels nor anywhere that is known: over the source they would be in the wrong place.
  if (!isSameSize && mappings.includes(undefined)) return await drawAlone(drawing);
  await using masks = await loadMasks(segments, place, facts);
  const mapped = masks.masks.map((mask, index) => {
    const mapping = mappings[index];
    return mapping === undefined ? mask : { ...mask, mapping };
  });
  return await source.draw(frame, { ...order, masks: mapped });
}

async function drawAlone({ segments, place, order, facts }: SegmentDrawing): Promise<DrawnPicture> {
  await using masks = await loadMasks(segments, place, facts);
  const labels = readLabels(segments.dataSet, order.parameters.annotation, facts.services.limits.rendering);
  const opaque = masks.masks.map((mask) => ({ ...mask, opacity: 1 }));
  const marks = { masks: opaque, ...(labels && { labels }) };
  return await drawBlank(blankImage(readFrameFacts(segments.dataSet)), { marks, order, facts });
}

function sidesOf({ dataSet }: DrawableImage): string {
  const { rows, columns } = readFrameFacts(dataSet);
  return `${columns} x ${rows}`;
}

interface LoadedMasks extends AsyncDisposable {
  readonly masks: readonly Mask[];
}

/** Read here, since a frame that waits for others within the codecs would keep them from their turn. */
async function loadMasks(
  segments: DrawableImage,
  { frames }: SegmentedPlace,
  { services, session, signal }: PictureServices,
): Promise<LoadedMasks> {
  const { masksMax, masksBytesMax } = services.limits.rendering;
  const { rows, columns, bitsAllocated } = readFrameFacts(segments.dataSet);
  const bytes = Math.ceil((rows * columns * bitsAllocated) / 8) * frames.length;
  if (frames.length > masksMax || !(bytes <= masksBytesMax)) {
    throw new LeadglassError('LIMIT_EXCEEDED', 'Cannot draw the picture: too many segments are at one place');
  }
  const held = await services.transcoding?.memory.take({ owner: ownerOf(session.principal), bytes, signal });
  try {
    const masks: Mask[] = [];
    for (const number of frames) masks.push(maskOf(segments.dataSet, number, await segments.pixels(number)));
    return { masks, [Symbol.asyncDispose]: async () => held?.[Symbol.dispose]() };
  } catch (error) {
    held?.[Symbol.dispose]();
    throw error;
  }
}
