/** From which transfer syntax to which an instance can be led here: the ways that lose nothing. */
import { canDecode, canEncode } from '../codecs/capabilities.ts';
import { canTranscode } from '../dicom/transcode.ts';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';

/** Native, and walked without a codec (PS3.5 A.1 to A.3, A.5). */
export function isNativeSyntax(uid: string): boolean {
  return canTranscode(uid, T.ExplicitVrLittleEndian);
}

/** A lossy encoding is another instance with a UID of its own (PS3.3 C.7.6.1.1.5): derivation.ts, for who asks for one by name. */
const losslessTargets: ReadonlySet<string> = new Set([
  T.EncapsulatedUncompressedExplicitVrLittleEndian,
  T.DeflatedImageFrameCompression,
  T.RLELossless,
  T.JPEGLSLossless,
  T.JPEG2000Lossless,
  T.HTJ2KLossless,
  T.HTJ2KLosslessRPCL,
]);

/** Encoders that take the Bits Stored bits of each sample, and no others. */
export const keepsOnlyBitsStored: ReadonlySet<string> = new Set([
  T.JPEGLSLossless,
  T.JPEG2000Lossless,
  T.HTJ2KLossless,
  T.HTJ2KLosslessRPCL,
  // What these leave out is more than what they blur.
  T.JPEGBaseline8Bit,
  T.JPEGLSNearLossless,
  T.JPEG2000,
  T.HTJ2K,
]);

/**
 * Can `transcodeInstance` lead from one to the other? Every known transfer syntax leads to itself. An instance may still be
 * of a kind that the target cannot hold, or damaged.
 */
export function canTranscodeInstance(from: string, to: string): boolean {
  if (canTranscode(from, to)) return true;
  if (!isNativeSyntax(from) && !canDecode(from)) return false;
  return isNativeSyntax(to) || (losslessTargets.has(to) && canEncode(to));
}
