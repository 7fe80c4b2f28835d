/** Some elements of an instance out of what stands in front of its pixel data; long values between them are not even read. */
import { LeadglassError } from '../error.ts';
import { DataSet } from './data-set.ts';
import { DataSetBuilder } from './data-set-builder.ts';
import { knownTransferSyntax } from './data-set-codec.ts';
import type { DataSetLimits, KeptLimits } from './data-set-limits.ts';
import { DataSetWalker } from './data-set-walker.ts';
import { Tags } from './dictionary/tags.generated.ts';
import { plainBytes, type StoredBytes } from './ranged-bytes.ts';
import { formatTag, type Tag } from './tag.ts';
import { walkRanges } from './walk-ranges.ts';

/** Float, Double Float and integer pixel data, PS3.3 C.7.6.3 and C.7.6.24. */
const pixelTags: ReadonlySet<Tag> = new Set([Tags.FloatPixelData, Tags.DoubleFloatPixelData, Tags.PixelData]);

export interface Head {
  readonly dataSet: DataSet;
  /** Of the pixel data; undefined where the instance has none. */
  readonly pixelTag?: Tag;
}

export interface HeadOptions {
  /** Asked for elements of the data set itself; a wanted sequence is kept whole. */
  readonly want: (tag: Tag) => boolean;
  /** Values that are not even read, wherever they stand. */
  readonly leaveOut?: (tag: Tag) => boolean;
  readonly limits: DataSetLimits & KeptLimits;
}

/**
 * @throws LeadglassError UNSUPPORTED, MALFORMED, LIMIT_EXCEEDED; what reading throws
 */
export async function readHead(stored: StoredBytes, { want, leaveOut, limits }: HeadOptions): Promise<Head> {
  const source = plainBytes(stored, limits);
  const syntax = knownTransferSyntax(stored.transferSyntaxUid);
  let pixelTag: Tag | undefined;
  let keptBytes = 0;
  const builder = new DataSetBuilder({
    want: (tag) => {
      // Also asked for by fragments, whose tag it is.
      if (pixelTags.has(tag)) pixelTag ??= tag;
      return pixelTag === undefined && want(tag);
    },
    ...(leaveOut === undefined ? {} : { leaveOut }),
    keep: (tag, lengthBytes) => {
      keptBytes += lengthBytes;
      if (lengthBytes > limits.keptValueBytesMax || keptBytes > limits.keptBytesMax) throw tooLong(tag);
    },
    copy: true,
  });
  const walker = new DataSetWalker(syntax, { limits, visitor: builder });
  for await (const _walked of walkRanges(source, walker)) {
    if (pixelTag !== undefined) return { dataSet: builder.dataSet, pixelTag };
  }
  walker.end();
  return { dataSet: builder.dataSet };
}

function tooLong(tag: Tag): LeadglassError {
  return new LeadglassError('LIMIT_EXCEEDED', `Cannot read the data set: ${formatTag(tag)} is too long`, {
    field: formatTag(tag),
  });
}
