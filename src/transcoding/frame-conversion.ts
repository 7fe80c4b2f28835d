/** One frame from its stored form to the one that is wanted, through the codec pool. */
import type { DecodeOrder, EncodeOrder } from '../codecs/pool/orders.ts';
import type { Caller } from '../codecs/pool/codec-pool.ts';
import { type DecodedFrame, type EncodedFrame, type FrameFacts, unsupportedFrame } from '../codecs/frame.ts';
import type { TransferSyntaxInfo } from '../dicom/transfer-syntax.ts';
import type { Colours } from './header-edits.ts';

/** What is used of the codec pool. */
export interface FrameCodecs {
  decode(order: DecodeOrder, caller: Caller): Promise<DecodedFrame>;
  encode(order: EncodeOrder, caller: Caller): Promise<EncodedFrame>;
}

export interface FrameConversion {
  readonly from: TransferSyntaxInfo;
  readonly to: TransferSyntaxInfo;
  readonly facts: FrameFacts;
  readonly codecs: FrameCodecs;
  readonly caller: Caller;
}

export interface ConvertedFrame extends Colours {
  /** Native bytes, or a codestream without padding. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `bytes` are handed over. @throws LeadglassError as CodecPool.decode and encode */
export async function convertFrame(
  bytes: Uint8Array<ArrayBuffer>,
  { from, to, facts, codecs, caller }: FrameConversion,
): Promise<ConvertedFrame> {
  let native: ConvertedFrame = { bytes, ...coloursOf(facts) };
  if (from.encapsulated) {
    const { pixels, ...colours } = await codecs.decode({ transferSyntaxUid: from.uid, bytes, facts }, caller);
    native = { bytes: pixels, ...fullColours(colours) };
  }
  if (!to.encapsulated) return native;
  const { bytes: pixels, ...colours } = native;
  const frame = await codecs.encode({ transferSyntaxUid: to.uid, pixels, facts: { ...facts, ...colours } }, caller);
  if (frame.lossy) throw unsupportedFrame('its wanted transfer syntax would lose some of it');
  return frame;
}

function coloursOf({ photometricInterpretation, planarConfiguration }: FrameFacts): Colours {
  return { photometricInterpretation, planarConfiguration };
}

/** PS3.3 C.7.6.3.1.2: the 422 of a decoded frame is no more: each pixel has all of its samples now. */
function fullColours({ photometricInterpretation, planarConfiguration }: Colours): Colours {
  const isHalved = photometricInterpretation === 'YBR_FULL_422';
  return { photometricInterpretation: isHalved ? 'YBR_FULL' : photometricInterpretation, planarConfiguration };
}
