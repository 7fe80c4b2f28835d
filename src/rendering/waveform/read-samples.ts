/** Reads the samples of a stored waveform past its readers, one multiplex group after the other, none of it kept. */
import { knownTransferSyntax } from '../../dicom/data-set-codec.ts';
import { DataSetEncoder } from '../../dicom/data-set-encoder.ts';
import type { DataSetLimits } from '../../dicom/data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from '../../dicom/data-set-walker.ts';
import { Tags } from '../../dicom/dictionary/tags.generated.ts';
import { plainBytes, type StoredBytes } from '../../dicom/ranged-bytes.ts';
import type { Tag } from '../../dicom/tag.ts';
import type { Vr } from '../../dicom/vr.ts';
import { walkRanges } from '../../dicom/walk-ranges.ts';

export interface SampleSink {
  push(bytes: Uint8Array): void;
}

/**
 * @param begin called for the data of each group, from 0, with its length; without a sink they are not read
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, UNSUPPORTED; what reading throws, and what `begin` throws
 */
export async function readSamples(
  stored: StoredBytes,
  facts: {
    readonly limits: DataSetLimits;
    readonly begin: (group: number, lengthBytes: number) => SampleSink | undefined;
  },
): Promise<void> {
  const { limits, begin } = facts;
  const visitor = new SampleVisitor(begin);
  const walker = new DataSetWalker(knownTransferSyntax(stored.transferSyntaxUid), { limits, visitor });
  for await (const _walked of walkRanges(plainBytes(stored, limits), walker)) visitor.flush();
  walker.end();
  visitor.flush();
}

class SampleVisitor implements DataSetVisitor {
  readonly #begin: (group: number, lengthBytes: number) => SampleSink | undefined;
  /** Turns the words of a value around where they have to be; its head is thrown away. */
  readonly #encoder = new DataSetEncoder({ explicit: true, littleEndian: true }, { implicitSource: false });
  /** Of the open sequences. */
  readonly #open: Tag[] = [];
  #group = -1;
  #sink: SampleSink | undefined;

  constructor(begin: (group: number, lengthBytes: number) => SampleSink | undefined) {
    this.#begin = begin;
  }

  flush(): void {
    for (const bytes of this.#encoder.take()) this.#sink?.push(bytes);
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    if (tag !== Tags.WaveformData || this.#open.length !== 1 || this.#open[0] !== Tags.WaveformSequence) return false;
    this.#sink = this.#begin(this.#group, lengthBytes);
    if (this.#sink === undefined) return false;
    const isRead = this.#encoder.valueBegin(tag, vr, lengthBytes, bigEndian);
    this.#encoder.take();
    return isRead;
  }

  valueBytes(bytes: Uint8Array): void {
    this.#encoder.valueBytes(bytes);
  }

  valueEnd(): void {
    if (this.#sink === undefined) return;
    this.#encoder.valueEnd();
    this.flush();
    this.#sink = undefined;
  }

  sequenceBegin(tag: Tag): void {
    this.#open.push(tag);
    if (this.#open.length === 1) this.#group = -1;
  }

  itemBegin(): void {
    if (this.#open.length === 1) this.#group += 1;
  }

  itemEnd(): void {}

  sequenceEnd(): void {
    this.#open.pop();
  }

  fragmentsBegin(): void {}

  fragmentBegin(): boolean {
    return false;
  }

  fragmentsEnd(): void {}
}
