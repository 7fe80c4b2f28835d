/**
 * All bulk data of one instance in a single reading: each value to which its metadata would have a URI (PS3.18 10.4.1.1.5), in the
 * order of the data set. What a URI stands for is decided by the models' writer, so that the two never differ.
 */
import { LeadglassError } from '../../error.ts';
import { knownTransferSyntax } from '../data-set-codec.ts';
import { DataSetEncoder } from '../data-set-encoder.ts';
import type { DataSetLimits } from '../data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from '../data-set-walker.ts';
import type { RangedBytes } from '../ranged-bytes.ts';
import type { Tag } from '../tag.ts';
import type { Vr } from '../vr.ts';
import { walkRanges } from '../walk-ranges.ts';
import type { ElementPath } from './element-path.ts';
import type { ModelWriteLimits } from './model-limits.ts';
import type { ModelSink } from './model-sink.ts';
import { type BulkDataRule, ModelWriter } from './model-writer.ts';

export interface BulkValue {
  readonly uri: string;
  readonly path: ElementPath;
  /** Absent for encapsulated pixel data, whose fragments are passed over. */
  readonly value?: {
    readonly lengthBytes: number;
    /** Little endian; once, and before the next value is asked for. What is not read of it is passed over. */
    readonly chunks: AsyncIterable<Uint8Array>;
  };
}

export interface BulkValuesOptions {
  readonly transferSyntaxUid: string;
  readonly limits: ModelWriteLimits & DataSetLimits;
  readonly bulkData: BulkDataRule;
}

/**
 * Holds no value; reads every one of them, and of the others those that the models would write out.
 * @throws LeadglassError as writeInstanceModel
 */
export async function* bulkValues(
  source: RangedBytes,
  { transferSyntaxUid, limits, bulkData }: BulkValuesOptions,
): AsyncGenerator<BulkValue, void, undefined> {
  const syntax = knownTransferSyntax(transferSyntaxUid);
  const finder = new BulkFinder({ limits, bulkData, implicitSource: !syntax.explicit });
  const walker = new DataSetWalker(syntax, { limits, visitor: finder });
  const walking = walkRanges(source, walker);
  /** @returns false at the end of the data set */
  const walk = async (): Promise<boolean> => {
    if ((await walking.next()).done !== true) return true;
    walker.end();
    return false;
  };
  try {
    for (;;) {
      const found = finder.events.shift();
      if (found === undefined) {
        if (!(await walk())) return;
      } else if (typeof found === 'object' && 'path' in found) {
        const { path, uri, lengthBytes } = found;
        if (lengthBytes === undefined) {
          yield { uri, path };
          continue;
        }
        const chunks = content(finder, walk);
        yield { uri, path, value: { lengthBytes, chunks } };
        for await (const _rest of chunks);
      }
      // Whatever else there is belongs to a value of which nobody wanted the rest.
    }
  } finally {
    await walking.return();
  }
}

async function* content(
  { events }: BulkFinder,
  walk: () => Promise<boolean>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const next = events.shift();
    if (next === undefined) {
      if (await walk()) continue;
      throw new LeadglassError('MALFORMED', 'Cannot read the data set: it ends inside a value');
    }
    if (!(next instanceof Uint8Array)) return;
    yield next;
  }
}

/** The beginning of a value, a piece of it, its end. */
type FoundEvent =
  | { readonly path: ElementPath; readonly uri: string; readonly lengthBytes?: number }
  | Uint8Array
  | 'end';

/** Has the models' writer decide, and takes what that leaves out. */
class BulkFinder implements DataSetVisitor {
  readonly events: FoundEvent[] = [];
  readonly #writer: ModelWriter;
  /** Turns the words of a value around where they have to be; its head is thrown away. */
  readonly #encoder = new DataSetEncoder({ explicit: true, littleEndian: true }, { implicitSource: false });
  #referred: { readonly path: ElementPath; readonly uri: string } | undefined;
  #isTaking = false;

  constructor(options: {
    readonly limits: ModelWriteLimits;
    readonly bulkData: BulkDataRule;
    readonly implicitSource: boolean;
  }) {
    const { bulkData } = options;
    const uriOf: BulkDataRule['uriOf'] = (path, vr) => {
      const uri = bulkData.uriOf(path, vr);
      this.#referred = uri === undefined ? undefined : { path, uri };
      return uri;
    };
    this.#writer = new ModelWriter(nowhere, { ...options, bulkData: { ...bulkData, uriOf } });
  }

  valueBegin(tag: Tag, vr: Vr, lengthBytes: number, bigEndian: boolean): boolean {
    this.#referred = undefined;
    const isWrittenOut = this.#writer.valueBegin(tag, vr, lengthBytes, bigEndian);
    const referred = this.#asked;
    this.#isTaking = referred !== undefined && this.#encoder.valueBegin(tag, vr, lengthBytes, bigEndian);
    if (referred === undefined || !this.#isTaking) return isWrittenOut;
    this.#encoder.take();
    this.events.push({ ...referred, lengthBytes });
    return true;
  }

  valueBytes(bytes: Uint8Array): void {
    if (!this.#isTaking) {
      this.#writer.valueBytes(bytes);
      return;
    }
    this.#encoder.valueBytes(bytes);
    this.events.push(...this.#encoder.take());
  }

  valueEnd(): void {
    if (!this.#isTaking) {
      this.#writer.valueEnd();
      return;
    }
    this.#isTaking = false;
    this.#encoder.valueEnd();
    this.events.push(...this.#encoder.take(), 'end');
  }

  sequenceBegin(tag: Tag): void {
    this.#writer.sequenceBegin(tag);
  }

  itemBegin(): void {
    this.#writer.itemBegin();
  }

  itemEnd(): void {
    this.#writer.itemEnd();
  }

  sequenceEnd(): void {
    this.#writer.sequenceEnd();
  }

  fragmentsBegin(tag: Tag, vr: Vr): void {
    this.#referred = undefined;
    this.#writer.fragmentsBegin(tag, vr);
    const referred = this.#asked;
    if (referred !== undefined) this.events.push(referred);
  }

  fragmentBegin(): boolean {
    return this.#writer.fragmentBegin();
  }

  fragmentsEnd(): void {
    this.#writer.fragmentsEnd();
  }

  /** What the writer asked a URI for just now. */
  get #asked(): { readonly path: ElementPath; readonly uri: string } | undefined {
    return this.#referred;
  }
}

/** For a document that nobody reads. */
const nowhere: ModelSink = {
  dataSetBegin() {},
  dataSetEnd() {},
  attributeBegin() {},
  values() {},
  inlineBinary() {},
  bulkData() {},
  attributeEnd() {},
  sequenceBegin() {},
  itemBegin() {},
  itemEnd() {},
  sequenceEnd() {},
  take: () => [],
};
