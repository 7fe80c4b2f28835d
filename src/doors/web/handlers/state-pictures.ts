/** Pictures of a presentation state: the images that it names, of its own study, drawn as it says (PS3.3 A.33, C.11.11). */
import type { StoredInstance } from '../../../backends/backend.ts';
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { LeadglassError } from '../../../error.ts';
import { bytesOf } from '../../../rendering/lookup-table.ts';
import { labelElements } from '../../../rendering/read-labels.ts';
import type { DrawingParameters } from '../resources/drawing.ts';
import { type Depicting, type Depiction, upTo } from './depiction.ts';
import { DrawableImage, readState } from './pictures.ts';
import { References } from './references.ts';

interface Reference {
  readonly series: string;
  readonly instance: string;
  /** Absent: all of them. */
  readonly frames?: readonly number[];
}

/**
 * One for each frame that the state is about and that who asks may see.
 * @throws LeadglassError NOT_FOUND for frames, which a state has not; MALFORMED, LIMIT_EXCEEDED; what reading throws
 */
export async function* stateDepictions(
  instance: StoredInstance,
  { facts, order, frames, isOne }: Depicting,
): AsyncGenerator<Depiction, void, undefined> {
  if (frames !== undefined) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
  const state = await readState(instance, facts.services.limits);
  const named = referencesOf(state.dataSet, facts.services.limits.rendering);
  await using references = await References.open(
    {
      studies: [instance.head.studyInstanceUid],
      series: named.map(({ series }) => series),
      instances: named.map((reference) => reference.instance),
    },
    facts,
  );
  const stated = { ...order, state, parameters: withoutImageParameters(order.parameters) };
  for (const reference of named) {
    const found = references.get(reference.instance);
    const image = found && (await DrawableImage.open(found, facts, labelElements(order.parameters.annotation)));
    if (found === undefined || image === undefined) continue;
    const usual = isOne ? [image.representativeFrame] : upTo(image.numberOfFrames);
    for (const frame of reference.frames ?? usual) {
      if (frame > image.numberOfFrames) continue;
      const draw = () => references.leaving(found, () => image.draw(frame, stated));
      yield { madeOf: [found.sha256], frames: [frame], draw };
    }
  }
}

interface Gathered {
  readonly series: string;
  readonly frames: Set<number>;
  /** Named without a list: it is about all of them. */
  isWhole: boolean;
}

/** Each image once, however often it is named, and each of its frames. @throws LeadglassError LIMIT_EXCEEDED */
function referencesOf(
  state: DataSet,
  { frameListsBytesMax }: { readonly frameListsBytesMax: number },
): readonly Reference[] {
  const gathered = new Map<string, Gathered>();
  let listBytes = 0;
  for (const series of state.items(Tags.ReferencedSeriesSequence)) {
    for (const image of series.items(Tags.ReferencedImageSequence)) {
      listBytes += bytesOf(image, Tags.ReferencedFrameNumber)?.length ?? 0;
      if (listBytes > frameListsBytesMax) {
        throw new LeadglassError(
          'LIMIT_EXCEEDED',
          'Cannot draw the picture: its presentation state names too many frames',
        );
      }
      const instance = image.text(Tags.ReferencedSOPInstanceUID) ?? '';
      const known = gathered.get(instance) ?? {
        series: series.text(Tags.SeriesInstanceUID) ?? '',
        frames: new Set<number>(),
        isWhole: false,
      };
      gathered.set(instance, known);
      const named = image.numbers(Tags.ReferencedFrameNumber).filter((frame) => Number.isInteger(frame) && frame >= 1);
      if (named.length === 0) known.isWhole = true;
      for (const frame of named) known.frames.add(frame);
    }
  }
  return [...gathered].map(([instance, { series, frames, isWhole }]) => {
    return { series, instance, ...(isWhole ? {} : { frames: [...frames] }) };
  });
}

/** 8.3.5.1.3 and 8.3.5.1.4: of a state's picture nobody else says window and region. */
function withoutImageParameters({ window: _window, viewport, ...rest }: DrawingParameters): DrawingParameters {
  return { ...rest, ...(viewport && { viewport: { width: viewport.width, height: viewport.height } }) };
}
