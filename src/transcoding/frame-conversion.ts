/** One frame from its stored form to the one that is wanted, through the codec pool. */
import type { DecodeOrder, EncodeOrder } from '../codecs/pool/orders.ts';
import type { Caller } from '../codecs/pool/codec-pool.ts';
import { type DecodedFrame, type EncodedFrame, type FrameFacts, unsupportedFrame } from '../codecs/frame.ts';
import type { TransferSyntaxInfo } from '../dicom/transfer-syntax.ts';
import type { Colours } from './header-edits.ts';
import { keepsOnlyBitsStored } from './syntax-pairs.ts';

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
  /** Somebody asked by name for a syntax that loses some of the image; else a loss is an error. */
  readonly mayLose?: boolean;
}

export interface ConvertedFrame extends Colours {
  /** Native bytes, or a codestream without padding. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `bytes` are handed over. @throws LeadglassError as CodecPool.decode and encode */
export async function convertFrame(
  bytes: Uint8Array<ArrayBuffer>,
  { from, to, facts, codecs, caller, mayLose = false }: FrameConversion,
): Promise<ConvertedFrame> {
  let native: ConvertedFrame = { bytes, ...coloursOf(facts) };
  if (from.encapsulated) {
    const { pixels, ...colours } = await codecs.decode({ transferSyntaxUid: from.uid, bytes, facts }, caller);
    native = { bytes: pixels, ...fullColours(colours) };
  }
  if (!to.encapsulated) return native;
  const { bytes: pixels, ...colours } = native;
  if (mayLose) checkBlurs(facts);
  if (keepsOnlyBitsStored.has(to.uid)) checkUnusedBits(pixels, facts);
  const frame = await codecs.encode({ transferSyntaxUid: to.uid, pixels, facts: { ...facts, ...colours } }, caller);
  if (frame.lossy && !mayLose) throw unsupportedFrame('its wanted transfer syntax would lose some of it');
  return frame;
}

/** Numbers of a palette and single bits are names, not measures: a value beside the right one is any other. */
function checkBlurs({ photometricInterpretation, bitsAllocated }: FrameFacts): void {
  if (photometricInterpretation === 'PALETTE COLOR') throw unsupportedFrame('its samples are numbers of a palette');
  if (bitsAllocated === 1) throw unsupportedFrame('its samples are single bits');
}

/**
 * Encoders take the Bits Stored bits of a sample. Where the others are more than its sign (old overlays, values that are larger
 * than the data set says, which real files have), something would be lost.
 */
function checkUnusedBits(pixels: Uint8Array<ArrayBuffer>, facts: FrameFacts): void {
  const { bitsAllocated, bitsStored, pixelRepresentation } = facts;
  if (bitsAllocated === bitsStored || (bitsAllocated !== 8 && bitsAllocated !== 16)) return; // more is refused by encoders
  const samples = bitsAllocated === 8 ? pixels : new Uint16Array(pixels.buffer, pixels.byteOffset, pixels.length / 2);
  const sign = 2 ** (bitsStored - 1);
  const unused = 2 ** bitsAllocated - 2 ** bitsStored;
  for (const sample of samples) {
    const expected = pixelRepresentation === 1 && (sample & sign) !== 0 ? unused : 0;
    if ((sample & unused) !== expected) {
      throw unsupportedFrame(
        'its samples have more bits than Bits Stored, which its wanted transfer syntax would leave out',
      );
    }
  }
}

function coloursOf({ photometricInterpretation, planarConfiguration }: FrameFacts): Colours {
  return { photometricInterpretation, planarConfiguration };
}

/** PS3.3 C.7.6.3.1.2: the 422 of a decoded frame is no more: each pixel has all of its samples now. */
function fullColours({ photometricInterpretation, planarConfiguration }: Colours): Colours {
  const isHalved = photometricInterpretation === 'YBR_FULL_422';
  return { photometricInterpretation: isHalved ? 'YBR_FULL' : photometricInterpretation, planarConfiguration };
}
