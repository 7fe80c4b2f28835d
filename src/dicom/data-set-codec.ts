/**
 * Whole data sets from and to bytes, in every transfer syntax (PS3.5 section 7, annex A). For what is small by nature:
 * identifiers, heads, tests. Instances go through data-set-scanner.ts and transcode.ts, which hold none of them.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { LeadglassError } from '../error.ts';
import type { DataSet } from './data-set.ts';
import { DataSetBuilder } from './data-set-builder.ts';
import { DataSetEncoder } from './data-set-encoder.ts';
import type { DataSetLimits } from './data-set-limits.ts';
import { type DataSetVisitor, DataSetWalker } from './data-set-walker.ts';
import { checkRest, inflatedBytesAllowed, inflateFailed, inflateLimitExceeded } from './inflate.ts';
import { formatTag, type Tag } from './tag.ts';
import { type TransferSyntaxInfo, transferSyntaxInfo } from './transfer-syntax.ts';

export type { DataSetLimits } from './data-set-limits.ts';

export interface ReadOptions {
  readonly transferSyntaxUid: string;
  readonly limits: DataSetLimits;
}

/**
 * The data set in these bytes. Values are views of `bytes` where they need no change: do not write to them.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, or UNSUPPORTED for an unknown transfer syntax
 */
export function readDataSet(bytes: Uint8Array, { transferSyntaxUid, limits }: ReadOptions): DataSet {
  const syntax = knownTransferSyntax(transferSyntaxUid);
  const encoded = syntax.deflated ? inflated(bytes, limits) : bytes;
  const keep = (tag: Tag, lengthBytes: number): void => {
    if (lengthBytes <= encoded.length) return;
    throw new LeadglassError(
      'MALFORMED',
      `Cannot read the data set: length of ${formatTag(tag)} was ${lengthBytes}, expected at most ${encoded.length}`,
      { field: formatTag(tag) },
    );
  };
  const builder = new DataSetBuilder({ want: () => true, keep, copy: false });
  const walker = new DataSetWalker(syntax, { limits, visitor: builder });
  walker.push(encoded);
  walker.end();
  return builder.dataSet;
}

/**
 * The bytes of this data set. Sequences are written with undefined length, values padded to even length, group lengths
 * left out.
 * @throws LeadglassError UNSUPPORTED for an unknown transfer syntax, or fragments in one that is not encapsulated
 */
export function writeDataSet(dataSet: DataSet, transferSyntaxUid: string): Uint8Array {
  const syntax = knownTransferSyntax(transferSyntaxUid);
  const encoder = new DataSetEncoder(syntax, { implicitSource: false });
  visit(dataSet, encoder, syntax);
  const bytes = joined(encoder.take());
  if (!syntax.deflated) return bytes;
  const deflated = deflateRawSync(bytes);
  // PS3.5 A.5: a deflated stream of odd length is padded by one NUL.
  return deflated.length % 2 === 0 ? deflated : joined([deflated, new Uint8Array(1)]);
}

/** @throws LeadglassError UNSUPPORTED when no standard transfer syntax has this UID */
export function knownTransferSyntax(uid: string): TransferSyntaxInfo {
  const info = transferSyntaxInfo(uid);
  if (info !== undefined) return info;
  throw new LeadglassError('UNSUPPORTED', 'Cannot read or write a data set: its transfer syntax is not known', {
    field: 'Transfer Syntax UID',
  });
}

const padding = { text: Uint8Array.of(0x20), other: Uint8Array.of(0) };

function visit(dataSet: DataSet, to: DataSetVisitor, syntax: TransferSyntaxInfo): void {
  for (const { tag, vr, value, fragments } of dataSet) {
    if (fragments !== undefined) {
      if (!syntax.encapsulated) {
        throw new LeadglassError('UNSUPPORTED', `Cannot write encapsulated pixel data in ${syntax.name}`);
      }
      to.fragmentsBegin(tag, vr);
      for (const fragment of fragments) {
        const odd = fragment.length % 2;
        to.fragmentBegin(fragment.length + odd);
        to.valueBytes(fragment);
        if (odd === 1) to.valueBytes(padding.other);
        to.valueEnd();
      }
      to.fragmentsEnd();
    } else if (value instanceof Uint8Array) {
      const odd = value.length % 2;
      if (to.valueBegin(tag, vr, value.length + odd, false)) {
        to.valueBytes(value);
        if (odd === 1) to.valueBytes(/^(?:UI|UN|O.)$/.test(vr) ? padding.other : padding.text);
        to.valueEnd();
      }
    } else {
      to.sequenceBegin(tag);
      for (const item of value) {
        to.itemBegin();
        visit(item, to, syntax);
        to.itemEnd();
      }
      to.sequenceEnd();
    }
  }
}

/** What node:zlib answers with the option `info`. */
interface InflateInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function isInflateInfo(answer: unknown): answer is InflateInfo {
  return typeof answer === 'object' && answer !== null && 'buffer' in answer && 'engine' in answer;
}

function inflated(bytes: Uint8Array, limits: DataSetLimits): Uint8Array {
  const max = inflatedBytesAllowed(bytes.length, limits);
  try {
    // `info` gives the engine, too, which knows how many bytes it took in. The types do not know of it.
    const answer: unknown = inflateRawSync(bytes, { maxOutputLength: max, info: true });
    if (!isInflateInfo(answer)) throw new LeadglassError('INTERNAL', 'Internal error; the log has the details');
    checkRest(bytes.length - answer.engine.bytesWritten);
    return answer.buffer;
  } catch (error) {
    if (error instanceof RangeError) throw inflateLimitExceeded(max, error);
    throw inflateFailed(error);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
