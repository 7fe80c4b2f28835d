/**
 * A data set that was read from a model as bytes in explicit VR little endian, with its bulk data streaming in at their
 * places: STOW-RS with metadata and bulk data (PS3.18 10.5). Which transfer syntax the bulk data has is for the caller.
 */
import { LeadglassError } from '../../error.ts';
import type { Element } from '../data-set.ts';
import { DataSetEncoder } from '../data-set-encoder.ts';
import { stepsOf } from './data-set-steps.ts';
import { formatElementPath } from './element-path.ts';
import type { BulkReference, ReadModel } from './read-model.ts';

export interface BulkValue {
  readonly lengthBytes: number;
  /** Little endian; exactly as many bytes. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** The value of an element, or the fragments of encapsulated pixel data (PS3.5 A.4), the offset table first. */
export type BulkContent = BulkValue | { readonly fragments: AsyncIterable<BulkValue> | Iterable<BulkValue> };

/** What a reference stands for; throws where there is no such part. */
export type BulkResolver = (reference: BulkReference) => BulkContent | Promise<BulkContent>;

/** PS3.5 7.1: a length of 32 bits, of which the highest means undefined. */
const valueBytesMax = 0xfffffffe;
const padding = { text: Uint8Array.of(0x20), other: Uint8Array.of(0) };

/** @throws LeadglassError MALFORMED where bulk data has another length than it says; what the resolver throws */
export async function* encodeModel(
  { dataSet, bulkData }: ReadModel,
  resolve: BulkResolver,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new DataSetEncoder({ explicit: true, littleEndian: true }, { implicitSource: false });
  for (const step of stepsOf(dataSet)) {
    if (step.kind === 'itemBegin') encoder.itemBegin();
    else if (step.kind === 'itemEnd') encoder.itemEnd();
    else if (step.kind === 'sequenceBegin') encoder.sequenceBegin(step.element.tag);
    else if (step.kind === 'sequenceEnd') encoder.sequenceEnd();
    else {
      const { element } = step;
      const reference = bulkData.get(element);
      if (reference !== undefined) yield* bulkContent(encoder, element, reference, await resolve(reference));
      else if (element.value instanceof Uint8Array) {
        const { value } = element;
        yield* bulkValue(encoder, element, { lengthBytes: value.length, chunks: [value] }, 'its value');
      }
    }
    yield* encoder.take();
  }
}

async function* bulkContent(
  encoder: DataSetEncoder,
  element: Element,
  { path }: BulkReference,
  content: BulkContent,
): AsyncGenerator<Uint8Array, void, undefined> {
  const name = formatElementPath(path);
  if (!('fragments' in content)) {
    yield* bulkValue(encoder, element, content, name);
    return;
  }
  encoder.fragmentsBegin(element.tag, element.vr);
  for await (const fragment of content.fragments) {
    checkLength(fragment, name);
    encoder.fragmentBegin(fragment.lengthBytes + (fragment.lengthBytes % 2));
    yield* valueChunks(encoder, fragment, padding.other, name);
  }
  encoder.fragmentsEnd();
}

async function* bulkValue(
  encoder: DataSetEncoder,
  { tag, vr }: Element,
  value: BulkValue,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  checkLength(value, name);
  if (!encoder.valueBegin(tag, vr, value.lengthBytes + (value.lengthBytes % 2), false)) return;
  yield* valueChunks(encoder, value, /^(?:UI|UN|O.)$/.test(vr) ? padding.other : padding.text, name);
}

async function* valueChunks(
  encoder: DataSetEncoder,
  { lengthBytes, chunks }: BulkValue,
  pad: Uint8Array,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let came = 0;
  for await (const chunk of chunks) {
    came += chunk.length;
    if (came > lengthBytes) break;
    encoder.valueBytes(chunk);
    yield* encoder.take();
  }
  if (came !== lengthBytes) {
    throw new LeadglassError(
      'MALFORMED',
      `Cannot put bulk data into ${name}: ${came > lengthBytes ? 'more' : 'fewer'} than the ${lengthBytes} bytes that were said came`,
      { field: name },
    );
  }
  if (lengthBytes % 2 === 1) encoder.valueBytes(pad);
  encoder.valueEnd();
}

function checkLength({ lengthBytes }: BulkValue, name: string): void {
  if (lengthBytes <= valueBytesMax) return;
  throw new LeadglassError('LIMIT_EXCEEDED', `Cannot put bulk data into ${name}: more than ${valueBytesMax} bytes`, {
    field: name,
  });
}
