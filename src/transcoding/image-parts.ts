/**
 * Takes a data set apart on its way into another transfer syntax: what surrounds the pixels, with its header edited and
 * already encoded, and each frame as it is stored. Converting the frames and their order in time is for in-order.ts.
 */
import { DataSetEncoder } from '../dicom/data-set-encoder.ts';
import { DataSet, type Element } from '../dicom/data-set.ts';
import type { DataSetLimits } from '../dicom/data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from '../dicom/data-set-walker.ts';
import { Tags } from '../dicom/dictionary/tags.generated.ts';
import { visitDataSet } from '../dicom/models/data-set-steps.ts';
import type { Tag } from '../dicom/tag.ts';
import type { TransferSyntaxInfo } from '../dicom/transfer-syntax.ts';
import type { Vr } from '../dicom/vr.ts';
import { LeadglassError } from '../error.ts';
import type { FrameGroup } from './frame-groups.ts';
import type { HeaderEdits } from './header-edits.ts';
import type { Part } from './in-order.ts';

export interface PartsOptions {
  /** Both explicit VR little endian, encapsulated or not. */
  readonly from: TransferSyntaxInfo;
  readonly to: TransferSyntaxInfo;
  readonly limits: DataSetLimits;
  readonly edits: HeaderEdits;
  /** Undefined: there is no pixel data, or an empty one. */
  readonly pixels: PixelLayout | undefined;
}

export interface PixelLayout {
  readonly numberOfFrames: number;
  /** Native bytes of one frame. */
  readonly frameBytes: number;
  /** Of an encapsulated source. */
  readonly groups: readonly FrameGroup[] | undefined;
  /** Of a native target. */
  readonly vr: Vr;
}

/**
 * A target that is encapsulated gets an empty basic offset table; each frame that comes out is to be written as an item.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED; CORRUPT when the source is not as it was surveyed
 */
export async function* imageParts(
  source: AsyncIterable<Uint8Array>,
  options: PartsOptions,
): AsyncGenerator<Part, void, undefined> {
  const visitor = new PartsVisitor(options);
  const walker = new DataSetWalker(options.from, { limits: options.limits, visitor });
  for await (const chunk of source) {
    walker.push(chunk);
    yield* visitor.take();
  }
  walker.end();
  visitor.end();
  yield* visitor.take();
}

const oneNul = new Uint8Array(1);

class PartsVisitor implements DataSetVisitor {
  readonly #encoder: DataSetEncoder;
  readonly #edits: HeaderEdits;
  readonly #to: TransferSyntaxInfo;
  readonly #pixels: PixelLayout | undefined;
  #parts: Part[] = [];
  /** Edits that have no place yet, in the order of their tags. */
  #pending: (readonly [Tag, Element | undefined])[];
  #depth = 0;
  /** Inside a sequence that does not go along: its depth. */
  #skipFrom: number | undefined;
  #inPixels = false;
  #isValueSkipped = false;
  // The frame that is being gathered.
  #index = 0;
  #frame: Uint8Array<ArrayBuffer> | undefined;
  #frameAt = 0;
  #fragmentsLeft = 0;
  #isTable = false;

  constructor({ to, edits, pixels }: PartsOptions) {
    this.#to = to;
    this.#edits = edits;
    this.#pixels = pixels;
    this.#pending = [...edits];
    this.#encoder = new DataSetEncoder(to, { implicitSource: false });
  }

  /** What has become of the bytes since the last call. */
  take(): readonly Part[] {
    this.#flush();
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** No element comes any more. */
  end(): void {
    this.#editsBefore(Number.POSITIVE_INFINITY);
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (this.#depth === 0 && tag === Tags.PixelData && this.#pixels !== undefined) {
      this.#pixelsBegin(this.#pixels);
      return true;
    }
    this.#isValueSkipped = !this.#goesAlong(tag) || !this.#encoder.valueBegin(tag, vr, lengthBytes, bigEndian);
    return !this.#isValueSkipped;
  }

  valueBytes(bytes: Uint8Array): void {
    if (!this.#inPixels) this.#encoder.valueBytes(bytes);
    else if (this.#pixels?.groups === undefined) this.#native(bytes);
    else if (!this.#isTable) this.#gather(bytes);
  }

  valueEnd(): void {
    if (!this.#inPixels) {
      if (!this.#isValueSkipped) this.#encoder.valueEnd();
      return;
    }
    if (this.#pixels?.groups === undefined) return this.#pixelsEnd();
    if (this.#isTable) return;
    this.#fragmentsLeft -= 1;
    if (this.#fragmentsLeft === 0) this.#frameEnd();
  }

  sequenceBegin(tag: Tag): void {
    const goesAlong = this.#goesAlong(tag);
    this.#depth += 1;
    if (goesAlong) this.#encoder.sequenceBegin(tag);
    else this.#skipFrom ??= this.#depth;
  }

  itemBegin(): void {
    if (this.#skipFrom === undefined) this.#encoder.itemBegin();
  }

  itemEnd(): void {
    if (this.#skipFrom === undefined) this.#encoder.itemEnd();
  }

  sequenceEnd(): void {
    if (this.#skipFrom === undefined) this.#encoder.sequenceEnd();
    else if (this.#skipFrom === this.#depth) this.#skipFrom = undefined;
    this.#depth -= 1;
  }

  fragmentsBegin(): void {
    if (this.#depth > 0) return; // of an icon, which does not go along
    if (this.#pixels?.groups === undefined) throw otherThanSurveyed();
    this.#pixelsBegin(this.#pixels);
    this.#isTable = true;
    this.#fragmentsLeft = -1;
  }

  fragmentBegin(lengthBytes: number): boolean {
    this.#isValueSkipped = true;
    if (!this.#inPixels) return false;
    this.#isTable = this.#fragmentsLeft === -1;
    if (this.#isTable) {
      this.#fragmentsLeft = 0;
      return false;
    }
    if (this.#fragmentsLeft === 0) this.#frameBegin();
    return lengthBytes > 0;
  }

  fragmentsEnd(): void {
    if (this.#inPixels) this.#pixelsEnd();
  }

  /** Asked for elements of the data set itself: edits that belong before or to it are written now. */
  #goesAlong(tag: Tag): boolean {
    if (this.#skipFrom !== undefined) return false;
    if (this.#depth > 0) return true;
    this.#editsBefore(tag + 1);
    return !this.#edits.has(tag);
  }

  #editsBefore(tag: number): void {
    for (let [next] = this.#pending; next !== undefined && next[0] < tag; [next] = this.#pending) {
      this.#pending.shift();
      const [, element] = next;
      if (element !== undefined) visitDataSet(new DataSet().set(element), this.#encoder);
    }
  }

  #pixelsBegin({ frameBytes, numberOfFrames, vr }: PixelLayout): void {
    if (this.#inPixels || this.#index > 0) throw otherThanSurveyed();
    this.#editsBefore(Tags.PixelData);
    this.#inPixels = true;
    if (this.#to.encapsulated) {
      this.#encoder.fragmentsBegin(Tags.PixelData, 'OB');
      this.#encoder.fragmentBegin(0);
      this.#encoder.valueEnd();
    } else {
      const lengthBytes = frameBytes * numberOfFrames;
      this.#encoder.valueBegin(Tags.PixelData, vr, lengthBytes + (lengthBytes % 2), false);
    }
    this.#flush();
  }

  #pixelsEnd(): void {
    const { numberOfFrames = 0, frameBytes = 0 } = this.#pixels ?? {};
    if (this.#index !== numberOfFrames) throw otherThanSurveyed();
    this.#inPixels = false;
    if (this.#to.encapsulated) this.#encoder.fragmentsEnd();
    else if ((numberOfFrames * frameBytes) % 2 === 1) this.#parts.push(oneNul);
    this.#isValueSkipped = true;
  }

  /** Cuts native frames out of the value; what comes after the last one is its padding. */
  #native(bytes: Uint8Array): void {
    const { numberOfFrames = 0 } = this.#pixels ?? {};
    for (let rest = bytes; rest.length > 0 && this.#index < numberOfFrames; ) {
      if (this.#frame === undefined) this.#frameBegin();
      const missing = (this.#frame?.length ?? 0) - this.#frameAt;
      this.#gather(rest.subarray(0, missing));
      rest = rest.subarray(missing);
      if (this.#frameAt === this.#frame?.length) this.#frameEnd();
    }
  }

  #frameBegin(): void {
    const { groups, frameBytes = 0 } = this.#pixels ?? {};
    const group = groups?.[this.#index];
    if (groups !== undefined && group === undefined) throw otherThanSurveyed();
    this.#fragmentsLeft = group?.fragments ?? 0;
    this.#frame = new Uint8Array(group?.lengthBytes ?? frameBytes);
    this.#frameAt = 0;
  }

  /** Padding that a table has told of is left out. */
  #gather(bytes: Uint8Array): void {
    if (this.#frame === undefined) throw otherThanSurveyed();
    const part = bytes.subarray(0, this.#frame.length - this.#frameAt);
    this.#frame.set(part, this.#frameAt);
    this.#frameAt += part.length;
  }

  #frameEnd(): void {
    if (this.#frame === undefined || this.#frameAt !== this.#frame.length) throw otherThanSurveyed();
    this.#flush();
    this.#parts.push({ index: this.#index, bytes: this.#frame });
    this.#index += 1;
    this.#frame = undefined;
  }

  #flush(): void {
    this.#parts.push(...this.#encoder.take());
  }
}

function otherThanSurveyed(): LeadglassError {
  return new LeadglassError('CORRUPT', 'Cannot convert the image: it was not the same when it was read again', {
    field: 'Pixel Data',
  });
}
