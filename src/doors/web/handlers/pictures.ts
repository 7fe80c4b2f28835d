/**
 * Pictures of stored instances: attributes and one frame are read from the archive, the rest happens in a worker of the codecs
 * (src/rendering). One source for rendered resources, thumbnails and the URI service.
 */
import type { StoredInstance } from '../../../backends/backend.ts';
import type { CodecPool } from '../../../codecs/pool/codec-pool.ts';
import type { DrawnPicture } from '../../../codecs/draw-frame.ts';
import type { DataSet } from '../../../dicom/data-set.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { Frames } from '../../../dicom/frames.ts';
import { readHead } from '../../../dicom/read-head.ts';
import type { Tag } from '../../../dicom/tag.ts';
import { LeadglassError } from '../../../error.ts';
import { ownerOf } from '../../../guard/principal.ts';
import type { GuardSession } from '../../../guard/session.ts';
import { isImageElement } from '../../../rendering/image-elements.ts';
import type { Marks } from '../../../rendering/draw-marks.ts';
import type { ImageFacts } from '../../../rendering/image-facts.ts';
import { refuseLongValues } from '../../../rendering/long-values.ts';
import type { Mask } from '../../../rendering/marks.ts';
import type { PictureType } from '../../../rendering/picture.ts';
import { present } from '../../../rendering/presentation-state.ts';
import { readFrameFacts, readImageFacts } from '../../../rendering/read-image-facts.ts';
import { readLabels } from '../../../rendering/read-labels.ts';
import { type Drawing, type DrawingParameters, drawingOf } from '../resources/drawing.ts';
import type { WebLimits, WebServices } from '../web-handler.ts';

export interface PictureOrder {
  readonly type: PictureType;
  readonly parameters: DrawingParameters;
  readonly withOverlays: boolean;
  /** How somebody wanted it to look (PS3.3 A.33). */
  readonly state?: StoredState;
  /** Segments over it. */
  readonly masks?: readonly Mask[];
}

export interface StoredState {
  readonly dataSet: DataSet;
  readonly sha256: Uint8Array;
}

export interface PictureServices {
  readonly services: WebServices;
  readonly session: GuardSession;
  readonly signal: AbortSignal;
}

/** An instance with pixels, ready to be drawn frame by frame. */
export class DrawableImage {
  readonly numberOfFrames: number;
  /** What was read of it. */
  readonly dataSet: DataSet;
  readonly #frames: Frames;
  readonly #transferSyntaxUid: string | undefined;
  readonly #facts: PictureServices;
  readonly #sopInstanceUid: string;

  private constructor(instance: StoredInstance, dataSet: DataSet, frames: Frames, facts: PictureServices) {
    this.numberOfFrames = frames.numberOfFrames;
    this.dataSet = dataSet;
    this.#frames = frames;
    this.#transferSyntaxUid = frames.isEncapsulated ? instance.transferSyntaxUid : undefined;
    this.#facts = facts;
    this.#sopInstanceUid = instance.head.sopInstanceUid;
  }

  /**
   * Reads what stands in front of the pixels.
   * @param more elements than a plain picture needs
   * @returns undefined where there are none
   * @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED; what reading throws
   */
  static async open(
    instance: StoredInstance,
    facts: PictureServices,
    more: ReadonlySet<Tag> = new Set(),
  ): Promise<DrawableImage | undefined> {
    const { limits } = facts.services;
    const frames = await Frames.open(instance, {
      dataSet: limits.dataSet,
      fragments: limits.fragments,
      frameBytesMax: limits.codecs.frameBytesMax,
    });
    if (frames === undefined) return undefined;
    const want = (tag: Tag): boolean => isImageElement(tag) || more.has(tag);
    const { dataSet } = await readHead(instance, { want, limits: headLimits(limits) });
    refuseLongValues(dataSet, limits.rendering);
    return new DrawableImage(instance, dataSet, frames, facts);
  }

  /** The frame that stands for all of them (PS3.3 C.7.6.6: Representative Frame Number), else the first. */
  get representativeFrame(): number {
    const number = this.dataSet.number(Tags.RepresentativeFrameNumber) ?? 1;
    return Number.isInteger(number) && number >= 1 && number <= this.numberOfFrames ? number : 1;
  }

  /**
   * One frame, from 1.
   * @throws LeadglassError NOT_FOUND, BAD_REQUEST (a region outside), MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED, TIMED_OUT,
   *   OUT_OF_RESOURCES, CANCELLED
   */
  async draw(frame: number, { type, parameters, masks, ...asked }: PictureOrder): Promise<DrawnPicture> {
    const { services, session, signal } = this.#facts;
    if (frame > this.numberOfFrames) throw new LeadglassError('NOT_FOUND', 'There is no such resource');
    const { image, options } = this.#drawing(frame, parameters, asked);
    const labels = readLabels(this.dataSet, parameters.annotation, services.limits.rendering);
    const order = {
      transferSyntaxUid: this.#transferSyntaxUid,
      bytes: () => this.#frames.read(frame),
      image,
      options: { ...options, ...(labels && { labels }), ...(masks && { masks }) },
      type,
      quality: parameters.quality ?? services.limits.rendering.jpegQuality,
      limits: services.limits.rendering,
    };
    return await poolOf(services).draw(order, { owner: ownerOf(session.principal), signal });
  }

  /** One native frame, from 1, decoded where it has to be. @throws LeadglassError as `draw` */
  async pixels(frame: number): Promise<Uint8Array<ArrayBuffer>> {
    const { services, session, signal } = this.#facts;
    const transferSyntaxUid = this.#transferSyntaxUid;
    if (transferSyntaxUid === undefined) return await this.#frames.read(frame);
    const order = { transferSyntaxUid, bytes: () => this.#frames.read(frame), facts: readFrameFacts(this.dataSet) };
    const decoded = await poolOf(services).decode(order, { owner: ownerOf(session.principal), signal });
    return decoded.pixels;
  }

  #drawing(
    frame: number,
    parameters: DrawingParameters,
    { withOverlays, state }: Pick<PictureOrder, 'withOverlays' | 'state'>,
  ): Drawing {
    const facts = readImageFacts(this.dataSet, { frame, withOverlays: withOverlays && state === undefined });
    if (state === undefined) return drawingOf(facts, parameters);
    const about = { dataSet: this.dataSet, sopInstanceUid: this.#sopInstanceUid, frame, facts };
    const { image, ...presented } = present(state.dataSet, about, this.#facts.services.limits.rendering);
    const { options } = drawingOf(image, parameters);
    return { image, options: { ...options, ...presented } };
  }
}

/** Everything of a presentation state, which has no pixels. @throws LeadglassError as readHead */
export async function readState(instance: StoredInstance, limits: WebLimits): Promise<StoredState> {
  const { dataSet } = await readHead(instance, { want: () => true, limits: headLimits(limits) });
  refuseLongValues(dataSet, limits.rendering);
  return { dataSet, sha256: instance.sha256 };
}

/** A black picture with marks on it. @throws LeadglassError as DrawableImage.draw */
export async function drawBlank(
  image: ImageFacts,
  { marks, order, facts }: { readonly marks: Marks; readonly order: PictureOrder; readonly facts: PictureServices },
): Promise<DrawnPicture> {
  const { services, session, signal } = facts;
  const { type, parameters } = order;
  const { rendering } = services.limits;
  const { rows, columns } = image.frame;
  return await poolOf(services).draw(
    {
      transferSyntaxUid: undefined,
      bytes: async () => new Uint8Array(rows * columns),
      image,
      options: { ...drawingOf(image, parameters).options, ...marks },
      type,
      quality: parameters.quality ?? rendering.jpegQuality,
      limits: rendering,
    },
    { owner: ownerOf(session.principal), signal },
  );
}

function headLimits(limits: WebLimits) {
  const { attributeBytesMax, attributesBytesMax } = limits.rendering;
  return { ...limits.dataSet, keptValueBytesMax: attributeBytesMax, keptBytesMax: attributesBytesMax };
}

function poolOf({ codecs }: WebServices): CodecPool {
  if (codecs !== undefined) return codecs;
  throw new LeadglassError('UNSUPPORTED', 'Cannot draw pictures: no codecs run here');
}
