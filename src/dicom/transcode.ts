/**
 * The same data set in another transfer syntax, as a stream: implicit and explicit VR little endian, explicit VR big
 * endian, deflated (PS3.5 A.1 to A.3, A.5). Pixels stay as they are: what is encapsulated is not touched, nothing is
 * compressed. No instance is held: what one chunk of the source becomes goes out before the next is asked for.
 */
import { LeadglassError } from '../error.ts';
import { knownTransferSyntax } from './data-set-codec.ts';
import { DataSetEncoder } from './data-set-encoder.ts';
import type { DataSetLimits } from './data-set-limits.ts';
import { DataSetWalker } from './data-set-walker.ts';
import { deflate, inflate } from './inflate.ts';
import { type TransferSyntaxInfo, TransferSyntaxes, transferSyntaxInfo } from './transfer-syntax.ts';

export interface TranscodeOptions {
  readonly from: string;
  readonly to: string;
  readonly limits: DataSetLimits;
}

/** Can `transcode` lead from one to the other? Every known transfer syntax leads to itself. */
export function canTranscode(from: string, to: string): boolean {
  const source = transferSyntaxInfo(from);
  const target = transferSyntaxInfo(to);
  if (source === undefined || target === undefined) return false;
  return from === to || (isNative(source) && isNative(target));
}

/**
 * The data set in `source` written in `to`. Sequences become undefined in length and group lengths fall away; all other
 * values stay. Views of the source's chunks are passed on where nothing changes. From a transfer syntax to itself the
 * bytes pass unread.
 *
 * To implicit VR and back, private elements lose their VR to UN, as PS3.5 6.2.2 says.
 * @throws LeadglassError UNSUPPORTED where `canTranscode` is false, MALFORMED or LIMIT_EXCEEDED from the source's content
 */
export function transcode(
  source: AsyncIterable<Uint8Array>,
  { from, to, limits }: TranscodeOptions,
): AsyncIterable<Uint8Array> {
  const sourceSyntax = knownTransferSyntax(from);
  const targetSyntax = knownTransferSyntax(to);
  if (!canTranscode(from, to)) {
    throw new LeadglassError('UNSUPPORTED', `Cannot change ${sourceSyntax.name} to ${targetSyntax.name}`, {
      field: 'Transfer Syntax UID',
    });
  }
  if (from === to) return source;
  const plain = sourceSyntax.deflated ? inflate(source, limits) : source;
  const written = encoded(plain, sourceSyntax, targetSyntax, limits);
  return targetSyntax.deflated ? deflate(written) : written;
}

async function* encoded(
  source: AsyncIterable<Uint8Array>,
  from: TransferSyntaxInfo,
  to: TransferSyntaxInfo,
  limits: DataSetLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new DataSetEncoder(to, { implicitSource: !from.explicit });
  const walker = new DataSetWalker(from, { limits, visitor: encoder });
  for await (const chunk of source) {
    walker.push(chunk);
    yield* encoder.take();
  }
  walker.end();
  yield* encoder.take();
}

/** Pixels as they are, and a data set that can be walked. */
function isNative({ encapsulated, uid }: TransferSyntaxInfo): boolean {
  return !encapsulated && nativeUids.has(uid);
}

/** The four of PS3.5 A.1 to A.3 and A.5; others that are not encapsulated (JPIP, RTV) say where pixels are, too. */
const nativeUids: ReadonlySet<string> = new Set<string>([
  TransferSyntaxes.ImplicitVrLittleEndian,
  TransferSyntaxes.ExplicitVrLittleEndian,
  TransferSyntaxes.ExplicitVrBigEndian,
  TransferSyntaxes.DeflatedExplicitVrLittleEndian,
]);
