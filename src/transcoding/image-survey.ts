/**
 * What has to be known of a stored image before its first byte can leave in another transfer syntax: the facts of its frames,
 * which fragments make them, and what its header says of compression. Reads as far as it must and keeps some bytes of each
 * fragment at most.
 */
import type { FrameFacts } from '../codecs/frame.ts';
import { DataSetBuilder } from '../dicom/data-set-builder.ts';
import type { DataSet } from '../dicom/data-set.ts';
import type { DataSetLimits, KeptLimits } from '../dicom/data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from '../dicom/data-set-walker.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { beginsCodestream, startBytes } from '../dicom/encapsulated-frames.ts';
import { malformedFragments } from '../dicom/fragments.ts';
import { imageTags } from '../dicom/pixel-data.ts';
import { formatTag, type Tag } from '../dicom/tag.ts';
import type { TransferSyntaxInfo } from '../dicom/transfer-syntax.ts';
import type { Vr } from '../dicom/vr.ts';
import { LeadglassError } from '../error.ts';
import { type Fragment, type FrameGroup, frameGroups } from './frame-groups.ts';

export interface ImageSurvey {
  /** Undefined when there is no Pixel Data, or an empty one. */
  readonly image:
    | {
        readonly facts: FrameFacts;
        readonly numberOfFrames: number;
        /** Of encapsulated pixel data. */
        readonly groups: readonly FrameGroup[] | undefined;
        /** Of native pixel data. */
        readonly valueBytes: number | undefined;
      }
    | undefined;
  readonly head: DataSet;
  /** Sequences of the data set itself in which pixel data is encapsulated, too: icons. */
  readonly nestedIn: ReadonlySet<Tag>;
}

export interface SurveyOptions {
  /** As the bytes stand: explicit VR little endian, or an encapsulated syntax. */
  readonly syntax: TransferSyntaxInfo;
  readonly limits: { readonly dataSet: DataSetLimits; readonly dataSetKept: KeptLimits };
}

/** @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, and what the source throws */
export async function surveyImage(
  source: AsyncIterable<Uint8Array>,
  { syntax, limits }: SurveyOptions,
): Promise<ImageSurvey> {
  const visitor = new SurveyVisitor(limits.dataSetKept, limits.dataSet.fragmentsMax);
  const walker = new DataSetWalker(syntax, { limits: limits.dataSet, visitor });
  let isWhole = true;
  for await (const chunk of source) {
    walker.push(chunk);
    // Native frames have their places by their length; fragments have to be counted.
    isWhole = visitor.nativeBytes === undefined;
    if (!isWhole) break;
  }
  if (isWhole) walker.end();
  return visitor.survey();
}

const wanted: ReadonlySet<Tag> = new Set<Tag>([
  ...imageTags,
  Tags.ImageType,
  Tags.SOPClassUID,
  Tags.SOPInstanceUID,
  Tags.LossyImageCompression,
  Tags.LossyImageCompressionRatio,
  Tags.LossyImageCompressionMethod,
]);
/** Retired overlays in the unused bits of the pixels: groups 6000 to 601E. */
const isOverlayBits = (tag: Tag): boolean => tag >>> 24 === 0x60 && (tag & 0xffff) === 0x0100;
const tables: ReadonlySet<Tag> = new Set<Tag>([Tags.ExtendedOffsetTable, Tags.ExtendedOffsetTableLengths]);

class SurveyVisitor implements DataSetVisitor {
  nativeBytes: number | undefined;
  readonly #builder: DataSetBuilder;
  readonly #fragmentsMax: number;
  readonly #nestedIn = new Set<Tag>();
  readonly #fragments: Fragment[] = [];
  #basic: Uint8Array | undefined;
  #topTag: Tag = 0;
  #depth = 0;
  /** Inside Pixel Data itself. */
  #inPixels = false;
  #fragmentBytes = 0;
  #kept = new Uint8Array(0);
  #keptBytes = 0;

  constructor({ keptValueBytesMax, keptBytesMax }: KeptLimits, fragmentsMax: number) {
    this.#fragmentsMax = fragmentsMax;
    let all = 0;
    this.#builder = new DataSetBuilder({
      want: (tag) => wanted.has(tag) || isOverlayBits(tag),
      copy: true,
      keep: (tag, lengthBytes) => {
        const isTable = tables.has(tag);
        if (!isTable) all += lengthBytes;
        const most = isTable ? 8 * fragmentsMax : keptValueBytesMax;
        if (lengthBytes <= most && all <= keptBytesMax) return;
        throw new LeadglassError('LIMIT_EXCEEDED', `Cannot convert the image: ${formatTag(tag)} is too long`, {
          field: formatTag(tag),
        });
      },
    });
  }

  survey(): ImageSurvey {
    const head = this.#builder.dataSet;
    const isEmpty = this.#basic === undefined && (this.nativeBytes ?? 0) === 0;
    if (isEmpty) return { image: undefined, head, nestedIn: this.#nestedIn };
    const numberOfFrames = numberOfFramesOf(head, this.#fragmentsMax);
    const groups = this.#basic === undefined ? undefined : this.#groups(head, numberOfFrames, this.#basic);
    const image = { facts: factsOf(head), numberOfFrames, groups, valueBytes: this.nativeBytes };
    return { image, head, nestedIn: this.#nestedIn };
  }

  #groups(head: DataSet, numberOfFrames: number, basic: Uint8Array): readonly FrameGroup[] {
    const extended = bytesOf(head, Tags.ExtendedOffsetTable);
    const extendedLengths = bytesOf(head, Tags.ExtendedOffsetTableLengths);
    return frameGroups(this.#fragments, numberOfFrames, { basic, extended, extendedLengths });
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.#depth === 0 && tag === Tags.PixelData && lengthBytes > 0) this.nativeBytes = lengthBytes;
    return this.#builder.valueBegin(tag, vr, lengthBytes, bigEndian);
  }

  valueBytes(bytes: Uint8Array): void {
    if (!this.#inPixels) return this.#builder.valueBytes(bytes);
    const part = bytes.subarray(0, this.#kept.length - this.#keptBytes);
    this.#kept.set(part, this.#keptBytes);
    this.#keptBytes += part.length;
  }

  valueEnd(): void {
    if (!this.#inPixels) return this.#builder.valueEnd();
    if (this.#basic === undefined) {
      this.#basic = this.#kept;
      return;
    }
    this.#fragments.push({ lengthBytes: this.#fragmentBytes, beginsCodestream: beginsCodestream(this.#kept) });
  }

  sequenceBegin(tag: Tag): void {
    if (this.#depth === 0) this.#topTag = tag;
    this.#depth += 1;
    this.#builder.sequenceBegin(tag);
  }

  itemBegin(): void {
    this.#builder.itemBegin();
  }

  itemEnd(): void {
    this.#builder.itemEnd();
  }

  sequenceEnd(): void {
    this.#depth -= 1;
    this.#builder.sequenceEnd();
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    if (this.#depth > 0) {
      this.#nestedIn.add(this.#topTag);
      this.#builder.fragmentsBegin(tag, vr);
      return;
    }
    if (this.#basic !== undefined) throw malformedFragments('there are two of it');
    this.#inPixels = true;
  }

  fragmentBegin(lengthBytes: number): boolean {
    if (!this.#inPixels) return this.#builder.fragmentBegin(lengthBytes);
    const isTable = this.#basic === undefined;
    const keptMax = isTable ? 4 * this.#fragmentsMax : startBytes;
    this.#fragmentBytes = lengthBytes;
    // A table longer than any has no meaning, and none is kept of it.
    this.#kept = new Uint8Array(isTable && lengthBytes > keptMax ? 0 : Math.min(lengthBytes, keptMax));
    this.#keptBytes = 0;
    return true;
  }

  fragmentsEnd(): void {
    if (this.#inPixels && this.#basic === undefined)
      throw malformedFragments('it has no item for the basic offset table');
    this.#inPixels = false;
    this.#builder.fragmentsEnd();
  }
}

function numberOfFramesOf(head: DataSet, most: number): number {
  const text = head.text(Tags.NumberOfFrames);
  const count = text === undefined || text === '' ? 1 : Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new LeadglassError('MALFORMED', `Cannot convert the image: Number of Frames is not 1 to ${most}`, {
    field: 'Number of Frames',
  });
}

/** What is missing becomes what `frameBytes` refuses. */
function factsOf(head: DataSet): FrameFacts {
  return {
    rows: head.number(Tags.Rows) ?? 0,
    columns: head.number(Tags.Columns) ?? 0,
    samplesPerPixel: head.number(Tags.SamplesPerPixel) ?? 1,
    bitsAllocated: head.number(Tags.BitsAllocated) ?? 0,
    bitsStored: head.number(Tags.BitsStored) ?? 0,
    pixelRepresentation: head.number(Tags.PixelRepresentation) ?? 0,
    planarConfiguration: head.number(Tags.PlanarConfiguration) ?? 0,
    photometricInterpretation: head.text(Tags.PhotometricInterpretation) ?? '',
  };
}

function bytesOf(head: DataSet, tag: Tag): Uint8Array | undefined {
  const value = head.get(tag)?.value;
  return value instanceof Uint8Array ? value : undefined;
}
