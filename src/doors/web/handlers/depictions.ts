/**
 * The pictures of an instance: of an image its frames; of a presentation state the images that it is about, as it wants them
 * (PS3.18 10.4.1.1.4); of a segmentation its segments over their sources; and what stands for a document among thumbnails.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import { LeadglassError } from '../../../error.ts';
import { documentLabel } from '../../../rendering/document-kind.ts';
import { pageImage, pageMarks } from '../../../rendering/documents/page-icon.ts';
import { labelElements } from '../../../rendering/read-labels.ts';
import { presentationStates } from '../../../rendering/presentation-state.ts';
import { segmentationClasses } from '../../../rendering/segmentation.ts';
import { type Depicting, type Depiction, upTo } from './depiction.ts';
import { DrawableImage, drawBlank, type PictureOrder } from './pictures.ts';
import { segmentationDepictions } from './segmentation-pictures.ts';
import { stateDepictions } from './state-pictures.ts';

const states: ReadonlySet<string> = new Set(Object.values(presentationStates));

export function isPresentationState({ head }: StoredInstance): boolean {
  return states.has(head.sopClassUid);
}

/** Drawn from others than itself. Thumbnails are of its own pixels alone. */
export function isComposite(instance: StoredInstance, { withOverlays }: PictureOrder): boolean {
  return withOverlays && (isPresentationState(instance) || segmentationClasses.has(instance.head.sopClassUid));
}

/**
 * The pictures, each to be drawn before the next is asked for; none where the instance has none.
 * @throws LeadglassError NOT_FOUND for a frame that is not there; as DrawableImage.open
 */
export function depictionsOf(
  instance: StoredInstance,
  depicting: Depicting,
): AsyncGenerator<Depiction, void, undefined> {
  const { order } = depicting;
  const label = order.withOverlays ? undefined : documentLabel(instance.head.sopClassUid, instance.transferSyntaxUid);
  if (label !== undefined) return iconDepiction(label, depicting);
  if (!isComposite(instance, order)) return imageDepictions(instance, depicting);
  return isPresentationState(instance)
    ? stateDepictions(instance, depicting)
    : segmentationDepictions(instance, depicting);
}

/** Documents have no frames, and a video is one stream. */
async function* iconDepiction(
  label: string,
  { facts, order, frames }: Depicting,
): AsyncGenerator<Depiction, void, undefined> {
  if (frames !== undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  const draw = () => drawBlank(pageImage, { marks: pageMarks(label), order, facts });
  yield { madeOf: [], frames: [], draw };
}

async function* imageDepictions(
  instance: StoredInstance,
  { facts, order, frames, isOne }: Depicting,
): AsyncGenerator<Depiction, void, undefined> {
  const image = await DrawableImage.open(instance, facts, labelElements(order.parameters.annotation));
  if (image === undefined) return;
  // Lists rise. Said before a message begins, so that it has a status.
  if ((frames?.at(-1) ?? 1) > image.numberOfFrames) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  const usual = isOne ? [image.representativeFrame] : upTo(image.numberOfFrames);
  for (const frame of frames ?? usual) yield { madeOf: [], frames: [frame], draw: () => image.draw(frame, order) };
}
