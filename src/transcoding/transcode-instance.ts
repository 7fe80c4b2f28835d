/**
 * A stored instance in another transfer syntax, as a stream: PS3.5 Annex A, frame by frame through the codec pool, in
 * memory that does not depend on the instance. It is read twice: once to see what it is, once to convert it. What cannot be
 * converted fails before its first byte, as far as its header, the places of its frames and its first frame can tell.
 */
import type { StoredInstance } from '../backends/backend.ts';
import { type CodecLimits, encodedBytesMax, frameBytes, malformedFrame, unsupportedFrame } from '../codecs/frame.ts';
import { knownTransferSyntax } from '../dicom/data-set-codec.ts';
import type { DataSetLimits, KeptLimits } from '../dicom/data-set-limits.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { transcode } from '../dicom/transcode.ts';
import { type TransferSyntaxInfo, TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import type { ConversionMemory } from './conversion-memory.ts';
import { type ConvertedFrame, convertFrame, type FrameCodecs, type FrameConversion } from './frame-conversion.ts';
import { type DerivationFacts, derivationEdits, lossySyntaxes } from './derivation.ts';
import { type HeaderEdits, headerEdits, lossyMethod } from './header-edits.ts';
import { imageParts, type PartsOptions, type PixelLayout } from './image-parts.ts';
import { type ImageSurvey, surveyImage } from './image-survey.ts';
import { type Frame, inOrder } from './in-order.ts';
import { canTranscodeInstance, isNativeSyntax, keepsOnlyBitsStored } from './syntax-pairs.ts';

export { canTranscodeInstance } from './syntax-pairs.ts';

/** One for the whole program. */
export interface TranscodeServices {
  readonly codecs: FrameCodecs;
  readonly memory: ConversionMemory;
  readonly limits: {
    readonly dataSet: DataSetLimits;
    readonly dataSetKept: KeptLimits;
    readonly codecs: CodecLimits;
    readonly transcoding: { readonly framesAhead: number };
  };
}

export interface TranscodeInstanceOptions {
  readonly services: TranscodeServices;
  /** Who takes turns with others: a device, a person. */
  readonly owner: string;
  readonly signal?: AbortSignal;
  /** For a lossy syntax: the instance that the copy is (derivation.ts). Without it nothing may be lost. */
  readonly derived?: { readonly sopInstanceUid: Uid };
}

/**
 * The data set's bytes, without preamble and group 0002. Nothing is read before the first of them is asked for; to return
 * early lets go of everything. The pixels stay what they are, bit for bit where the stored syntax is lossless, but in a derived copy.
 *
 * @throws LeadglassError UNSUPPORTED (this pair, or this image), MALFORMED, LIMIT_EXCEEDED, OUT_OF_RESOURCES, TIMED_OUT,
 * CANCELLED, and what `instance.read` throws: with the first byte, or in the middle when a later frame fails
 */
export async function* transcodeInstance(
  instance: Pick<StoredInstance, 'transferSyntaxUid' | 'read'>,
  to: string,
  { services, owner, signal, derived }: TranscodeInstanceOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const from = instance.transferSyntaxUid;
  const limits = services.limits.dataSet;
  const isDerived = derived !== undefined && lossySyntaxes.some((uid) => uid === to) && from !== to;
  if (!isDerived && !canTranscodeInstance(from, to)) {
    throw new LeadglassError('UNSUPPORTED', 'Cannot convert the instance to this transfer syntax', {
      field: 'Transfer Syntax UID',
    });
  }
  if (from === to || (isNativeSyntax(from) && isNativeSyntax(to))) {
    yield* transcode(instance.read(), { from, to, limits });
    return;
  }
  const stopping = new AbortController();
  const caller = { owner, signal: signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]) };
  try {
    const image = new ImageTranscoding(instance, to, { services, caller, ...(isDerived ? { derived } : {}) });
    // Between the native ones no codec is needed, and codecs know one of them.
    const bytes = image.bytes();
    yield* isNativeSyntax(to) ? transcode(bytes, { from: T.ExplicitVrLittleEndian, to, limits }) : bytes;
  } finally {
    stopping.abort();
  }
}

interface Work {
  readonly services: TranscodeServices;
  readonly caller: { readonly owner: string; readonly signal: AbortSignal };
  readonly derived?: { readonly sopInstanceUid: Uid };
}

/** Between explicit VR little endian and encapsulated syntaxes. */
class ImageTranscoding {
  readonly #instance: Pick<StoredInstance, 'transferSyntaxUid' | 'read'>;
  readonly #from: TransferSyntaxInfo;
  readonly #to: TransferSyntaxInfo;
  readonly #work: Work;

  constructor(instance: Pick<StoredInstance, 'transferSyntaxUid' | 'read'>, to: string, work: Work) {
    const from = instance.transferSyntaxUid;
    this.#instance = instance;
    this.#from = knownTransferSyntax(isNativeSyntax(from) ? T.ExplicitVrLittleEndian : from);
    this.#to = knownTransferSyntax(isNativeSyntax(to) ? T.ExplicitVrLittleEndian : to);
    this.#work = work;
  }

  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const { limits, memory } = this.#work.services;
    const survey = await surveyImage(this.#read(), { syntax: this.#from, limits });
    this.#checkIcons(survey);
    const pixels = this.#layout(survey);
    if (pixels === undefined) {
      yield* this.#withoutImage(survey);
      return;
    }
    const ahead = Math.min(limits.transcoding.framesAhead, pixels.numberOfFrames - 1);
    const bytes = this.#bytesPerFrame(pixels) * (ahead + 1);
    using _held = await memory.take({ ...this.#work.caller, bytes });
    yield* this.#converted(survey, pixels, ahead);
  }

  async *#converted(
    survey: ImageSurvey,
    pixels: PixelLayout,
    ahead: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { image } = survey;
    if (image === undefined) return;
    const conversion: FrameConversion = {
      from: this.#from,
      to: this.#to,
      facts: image.facts,
      codecs: this.#work.services.codecs,
      caller: this.#work.caller,
      mayLose: this.#work.derived !== undefined,
    };
    // The first frame tells what the header has to say of all of them; it is not converted again.
    const stored = await this.#firstFrame(pixels);
    const method = lossyMethod(this.#instance.transferSyntaxUid, stored, image.facts);
    let first: ConvertedFrame | undefined = await convertFrame(stored, conversion);
    const { photometricInterpretation, planarConfiguration } = first;
    const colours = { photometricInterpretation, planarConfiguration };
    const nativeBytes = pixels.frameBytes * pixels.numberOfFrames;
    const exact = headerEdits({ survey, colours, lossyMethod: method, nativeBytes });
    const edits = this.#derivedEdits(exact, {
      head: survey.head,
      ratio: pixels.frameBytes / first.bytes.length,
      wasLossy: method !== undefined || survey.head.text(Tags.LossyImageCompression) === '01',
    });
    const convert = async ({ index, bytes }: Frame): Promise<readonly Uint8Array[]> => {
      const frame = index === 0 && first !== undefined ? first : await convertFrame(bytes, conversion);
      if (index === 0) first = undefined;
      if (frame.photometricInterpretation !== photometricInterpretation) {
        throw malformedFrame('its colours are not those of the first frame');
      }
      return this.#to.encapsulated ? asItem(frame.bytes) : [frame.bytes];
    };
    yield* inOrder(imageParts(this.#read(), this.#parts({ edits, pixels })), convert, ahead);
  }

  /** The ratio is that of the first frame, since the header leaves before the others are there: it is told as approximate. */
  #derivedEdits(exact: HeaderEdits, facts: Pick<DerivationFacts, 'head' | 'ratio' | 'wasLossy'>): HeaderEdits {
    const { derived } = this.#work;
    if (derived === undefined) return exact;
    const edits = derivationEdits({ ...facts, ...derived, transferSyntaxUid: this.#to.uid });
    return new Map([...exact, ...edits].toSorted(([a], [b]) => a - b));
  }

  async *#withoutImage(survey: ImageSurvey): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#to.encapsulated) throw unsupportedFrame('there is none');
    const edits = headerEdits({ survey, colours: undefined, lossyMethod: undefined, nativeBytes: 0 });
    const parts = imageParts(this.#read(), this.#parts({ edits, pixels: undefined }));
    yield* inOrder(parts, async () => [], 0);
  }

  #parts(facts: Pick<PartsOptions, 'edits' | 'pixels'>): PartsOptions {
    return { from: this.#from, to: this.#to, limits: this.#work.services.limits.dataSet, ...facts };
  }

  async #firstFrame(pixels: PixelLayout): Promise<Uint8Array<ArrayBuffer>> {
    for await (const part of imageParts(this.#read(), this.#parts({ edits: new Map(), pixels }))) {
      if (!(part instanceof Uint8Array)) return part.bytes;
    }
    throw malformedFrame('it ends before its first frame');
  }

  #read(): AsyncIterable<Uint8Array> {
    const { transferSyntaxUid: from } = this.#instance;
    const source = this.#instance.read();
    if (!isNativeSyntax(from)) return source;
    return transcode(source, { from, to: T.ExplicitVrLittleEndian, limits: this.#work.services.limits.dataSet });
  }

  /** Icons that are compressed as the image is (PS3.3 F.7) do not go along: nobody needs them, and they would need a codec. */
  #checkIcons({ nestedIn }: ImageSurvey): void {
    if ([...nestedIn].every((tag) => tag === Tags.IconImageSequence)) return;
    throw unsupportedFrame('another one stands in a sequence of its data set');
  }

  /** @throws LeadglassError as `frameBytes`, and UNSUPPORTED or MALFORMED for what cannot be told in the target */
  #layout({ image, head }: ImageSurvey): PixelLayout | undefined {
    if (image === undefined) return undefined;
    const { facts, numberOfFrames, groups, valueBytes } = image;
    const limits = this.#work.services.limits;
    const each = frameBytes(facts, limits.codecs);
    const all = each * numberOfFrames;
    if (facts.bitsAllocated === 1 && numberOfFrames > 1 && (facts.rows * facts.columns) % 8 !== 0) {
      throw unsupportedFrame('frames of single bits that do not fill bytes are one behind the other');
    }
    if (!this.#to.encapsulated && all > Math.min(limits.dataSet.valueBytesMax, 0xfffffffe)) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot convert the image: it has ${all} bytes without compression`, {
        field: 'Pixel Data',
      });
    }
    const longest = (groups ?? []).reduce((most, { lengthBytes }) => Math.max(most, lengthBytes), 0);
    if (longest > encodedBytesMax(facts, limits.codecs)) {
      throw malformedFrame(`it has ${longest} encoded bytes, and ${each} when decoded`);
    }
    if (groups === undefined && valueBytes !== all + (all % 2)) {
      throw malformedFrame(`Pixel Data has ${valueBytes ?? 0} bytes, and its attributes ask for ${all}`);
    }
    this.#checkBits(head, facts.bitsStored);
    return { numberOfFrames, frameBytes: each, groups, vr: facts.bitsAllocated > 8 ? 'OW' : 'OB' };
  }

  /** What some encoders would leave out: overlays of old in the unused bits, samples that do not stand in the lowest ones. */
  #checkBits(head: ImageSurvey['head'], bitsStored: number): void {
    if (!keepsOnlyBitsStored.has(this.#to.uid)) return;
    const highBit = head.number(Tags.HighBit) ?? bitsStored - 1;
    const overlays = [...head].some(({ tag }) => tag >>> 24 === 0x60 && (head.number(tag) ?? 1) > 1);
    if (highBit === bitsStored - 1 && !overlays) return;
    throw unsupportedFrame('its wanted transfer syntax would leave out bits that are not Bits Stored');
  }

  #bytesPerFrame({ frameBytes: native, groups }: PixelLayout): number {
    const encoded = (groups ?? []).reduce((most, { lengthBytes }) => Math.max(most, lengthBytes), 0);
    return native + encoded;
  }
}

/** An item of encapsulated pixel data, with the NUL that makes it even (PS3.5 A.4). */
function asItem(bytes: Uint8Array): readonly Uint8Array[] {
  const padding = bytes.length % 2;
  const header = new Uint8Array(8);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0xe000fffe, true);
  view.setUint32(4, bytes.length + padding, true);
  return padding === 0 ? [header, bytes] : [header, bytes, new Uint8Array(1)];
}
