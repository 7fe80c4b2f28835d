/** Which transfer syntaxes are decoded and encoded here. Video, JPIP and the retired hierarchical JPEG processes are not. */
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';

export type Family =
  | 'jpeg'
  | 'jpeg-ls'
  | 'jpeg-2000'
  | 'jpeg-xl'
  | 'rle'
  | 'deflated'
  /** Pictures that are no transfer syntax: PS3.18 10.5.2 has them stored without loss, as native pixels. */
  | 'png'
  | 'gif'
  /** Encapsulated, but not compressed. */
  | 'plain';

const families: ReadonlyMap<string, Family> = new Map<string, Family>([
  [T.EncapsulatedUncompressedExplicitVrLittleEndian, 'plain'],
  [T.DeflatedImageFrameCompression, 'deflated'],
  [T.RLELossless, 'rle'],
  [T.JPEGBaseline8Bit, 'jpeg'],
  [T.JPEGExtended12Bit, 'jpeg'],
  [T.JPEGLossless, 'jpeg'],
  [T.JPEGLosslessSV1, 'jpeg'],
  // Retired, but old archives have them; eight bits only.
  [T.JPEGSpectralSelectionNonHierarchical68, 'jpeg'],
  [T.JPEGFullProgressionNonHierarchical1012, 'jpeg'],
  [T.JPEGLSLossless, 'jpeg-ls'],
  [T.JPEGLSNearLossless, 'jpeg-ls'],
  [T.JPEG2000Lossless, 'jpeg-2000'],
  [T.JPEG2000, 'jpeg-2000'],
  [T.HTJ2KLossless, 'jpeg-2000'],
  [T.HTJ2KLosslessRPCL, 'jpeg-2000'],
  [T.HTJ2K, 'jpeg-2000'],
  [T.JPEGXLLossless, 'jpeg-xl'],
  [T.JPEGXLJPEGRecompression, 'jpeg-xl'],
  [T.JPEGXL, 'jpeg-xl'],
]);

/** What a picture is decoded under: its media type, in the place of a transfer syntax that it has not. */
export const pictureEncodings = { png: 'image/png', gif: 'image/gif' } as const;
const pictureFamilies: ReadonlyMap<string, Family> = new Map<string, Family>([
  [pictureEncodings.png, 'png'],
  [pictureEncodings.gif, 'gif'],
]);

const encoded: ReadonlySet<string> = new Set([
  T.EncapsulatedUncompressedExplicitVrLittleEndian,
  T.DeflatedImageFrameCompression,
  T.RLELossless,
  T.JPEGBaseline8Bit,
  T.JPEGLSLossless,
  T.JPEGLSNearLossless,
  T.JPEG2000Lossless,
  T.JPEG2000,
  T.HTJ2KLossless,
  T.HTJ2KLosslessRPCL,
  T.HTJ2K,
]);

/** How frames of this transfer syntax, or a picture, are coded; undefined where they cannot be decoded here. */
export function familyOf(encoding: string): Family | undefined {
  return families.get(encoding) ?? pictureFamilies.get(encoding);
}

export function canDecode(transferSyntaxUid: string): boolean {
  return families.has(transferSyntaxUid);
}

/** Whether there is an encoder; it may still refuse a frame that the syntax cannot hold. */
export function canEncode(transferSyntaxUid: string): boolean {
  return encoded.has(transferSyntaxUid);
}
