/** Data sets as documents of the JSON and XML models: from memory for what is small, from a stream for instances. */
import type { DataSet } from '../data-set.ts';
import { knownTransferSyntax } from '../data-set-codec.ts';
import type { DataSetLimits } from '../data-set-limits.ts';
import { DataSetWalker } from '../data-set-walker.ts';
import { inflate } from '../inflate.ts';
import type { RangedBytes } from '../ranged-bytes.ts';
import { walkRanges } from '../walk-ranges.ts';
import { visitDataSet } from './data-set-steps.ts';
import { JsonModel } from './json-model.ts';
import type { ModelWriteLimits } from './model-limits.ts';
import { type BulkDataRule, ModelWriter } from './model-writer.ts';
import { XmlModel } from './xml-model.ts';

export type ModelFormat = 'json' | 'xml';

export interface WriteModelOptions {
  readonly limits: ModelWriteLimits;
  readonly bulkData?: BulkDataRule;
}

export interface WriteInstanceOptions extends WriteModelOptions {
  readonly transferSyntaxUid: string;
  readonly limits: ModelWriteLimits & DataSetLimits;
}

/**
 * One data set as a document: a JSON object (PS3.18 F.2.2), or an XML document (PS3.19 A.1).
 * @throws LeadglassError LIMIT_EXCEEDED for a value that is too long to be written out
 */
export function writeModel(format: ModelFormat, dataSet: DataSet, options: WriteModelOptions): Uint8Array {
  const sink = sinkOf(format);
  sink.dataSetBegin();
  visitDataSet(dataSet, new ModelWriter(sink, { ...options, implicitSource: false }));
  sink.dataSetEnd();
  return Buffer.concat(sink.take());
}

/**
 * The same of an instance's data set (without its file head) as it is read: what one chunk becomes goes out before the next
 * is asked for. From bytes that can be read from any place (ranged-bytes.ts, inflated) long values that are referred to are not
 * read at all; in a stream they are passed over. In JSON a caller puts `[`, `,` and `]` around
 * several (F.2.1).
 * @throws LeadglassError UNSUPPORTED for an unknown transfer syntax, MALFORMED or LIMIT_EXCEEDED from the content
 */
export async function* writeInstanceModel(
  format: ModelFormat,
  source: AsyncIterable<Uint8Array> | RangedBytes,
  options: WriteInstanceOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const syntax = knownTransferSyntax(options.transferSyntaxUid);
  const sink = sinkOf(format);
  const writer = new ModelWriter(sink, { ...options, implicitSource: !syntax.explicit });
  const walker = new DataSetWalker(syntax, { limits: options.limits, visitor: writer });
  sink.dataSetBegin();
  if ('readRange' in source) {
    for await (const _walked of walkRanges(source, walker)) yield* sink.take();
  } else {
    for await (const chunk of syntax.deflated ? inflate(source, options.limits) : source) {
      walker.push(chunk);
      yield* sink.take();
    }
  }
  walker.end();
  sink.dataSetEnd();
  yield* sink.take();
}

function sinkOf(format: ModelFormat): JsonModel | XmlModel {
  return format === 'json' ? new JsonModel() : new XmlModel();
}
