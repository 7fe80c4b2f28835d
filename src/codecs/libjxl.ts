/**
 * Decodes JPEG XL (ISO/IEC 18181) by libjxl: 1 to 16 bits, grey or colour, which comes out as RGB whatever it was coded as. The codestream
 * knows no sign.
 */
import type { Libjxl } from '@cornerstonejs/codec-libjxl/decodewasmjs';
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { type FrameFacts, unsupportedFrame } from './frame.ts';
import type { JpegXlHeader } from './jpeg-xl-header.ts';
import type { Samples } from './samples.ts';
import { decodeWith } from './wasm-codec.ts';

/** The header has been compared with the facts. @throws LeadglassError MALFORMED */
export function decodeJpegXl(
  codec: Libjxl,
  bytes: Uint8Array,
  { precision }: JpegXlHeader,
  facts: FrameFacts,
): Samples {
  const lengthBytes = facts.rows * facts.columns * facts.samplesPerPixel * (precision <= 8 ? 1 : 2);
  const decoded = decodeWith(new codec.JpegXLDecoder(), bytes, lengthBytes);
  return { bytes: decoded.bytes, bits: precision, signedCode: false };
}

/** What a decoder would give, and the data set would call by another name. @throws LeadglassError UNSUPPORTED */
export function checkJpegXlFacts(transferSyntaxUid: string, facts: FrameFacts): void {
  const { pixelRepresentation, samplesPerPixel, photometricInterpretation } = facts;
  if (pixelRepresentation === 1) throw unsupportedFrame('JPEG XL is read for unsigned samples only');
  // A JPEG file that was put into JPEG XL names its colours itself; of others the decoder knows only RGB.
  const isRecompressed = transferSyntaxUid === T.JPEGXLJPEGRecompression;
  if (samplesPerPixel === 1 || isRecompressed || ['RGB', 'XYB'].includes(photometricInterpretation)) return;
  throw unsupportedFrame(`its colours are ${photometricInterpretation}, and JPEG XL is read as RGB`);
}
