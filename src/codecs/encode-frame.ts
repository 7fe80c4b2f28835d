/**
 * Encodes one native frame into one codestream, and tells what the data set has to say of it afterwards. Runs in a worker.
 * Lossless syntaxes come back bit for bit in the Bits Stored bits of each sample: each frame is decoded again to see it, since
 * an encoder's mistake would be found only when the original is gone.
 */
import { TransferSyntaxes as T } from '../dicom/transfer-syntax.ts';
import { encodeJpegLs } from './charls.ts';
import type { Codecs } from './codecs.ts';
import { decodeFrame } from './decode-frame.ts';
import { deflateFrame } from './deflated-frame.ts';
import {
  type CodecLimits,
  type EncodedFrame,
  type FrameFacts,
  frameBytes,
  malformedFrame,
  unsupportedFrame,
} from './frame.ts';
import { encodeJpeg2000 } from './openjpeg.ts';
import { encodeHtj2k } from './openjph.ts';
import { encodeRle } from './rle.ts';
import { fromContainer, requireWords } from './samples.ts';

export interface EncodeOptions {
  /** JPEG baseline: 1 to 100. */
  readonly jpegQuality?: number;
  /** JPEG-LS near-lossless: how far a sample may be off, 1 to 255. */
  readonly jpegLsNear?: number;
  /** JPEG 2000 lossy: native bytes per coded byte. */
  readonly jpeg2000Ratio?: number;
  /** HTJ2K lossy: quantization step as a part of the range. */
  readonly htj2kStep?: number;
}

export interface EncodeRequest {
  readonly transferSyntaxUid: string;
  /** The native frame; its length is `frameBytes(facts)`. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly facts: FrameFacts;
  readonly options?: EncodeOptions;
}

/** Visually without loss on CT, MR and photographs; a caller with an opinion says so. */
const usual = { jpegQuality: 90, jpegLsNear: 2, jpeg2000Ratio: 10, htj2kStep: 1 / 2048 };

/** @throws LeadglassError UNSUPPORTED when the syntax cannot hold such a frame, MALFORMED for a frame of a wrong length */
export async function encodeFrame(codecs: Codecs, request: EncodeRequest, limits: CodecLimits): Promise<EncodedFrame> {
  const frame = await encodeOnce(codecs, request, limits);
  if (!frame.lossy && checkedSyntaxes.has(request.transferSyntaxUid))
    await checkLossless(codecs, request, frame, limits);
  return frame;
}

/** Those whose encoders are not our own or zlib. */
const checkedSyntaxes: ReadonlySet<string> = new Set([
  T.JPEGLSLossless,
  T.JPEG2000Lossless,
  T.HTJ2KLossless,
  T.HTJ2KLosslessRPCL,
]);

async function checkLossless(
  codecs: Codecs,
  { transferSyntaxUid, pixels, facts }: EncodeRequest,
  { bytes, photometricInterpretation }: EncodedFrame,
  limits: CodecLimits,
): Promise<void> {
  const decoded = await decodeFrame(
    codecs,
    { transferSyntaxUid, bytes, facts: { ...facts, photometricInterpretation } },
    limits,
  );
  const [was, is] = [fromContainer(pixels, facts), fromContainer(decoded.pixels, { ...facts, planarConfiguration: 0 })];
  if (Buffer.compare(was, is) !== 0) throw unsupportedFrame('its wanted transfer syntax would lose some of it');
}

async function encodeOnce(codecs: Codecs, request: EncodeRequest, limits: CodecLimits): Promise<EncodedFrame> {
  const { transferSyntaxUid, pixels, facts } = request;
  const options = { ...usual, ...request.options };
  const lengthBytes = frameBytes(facts, limits);
  if (pixels.length !== lengthBytes) {
    throw malformedFrame(`it has ${pixels.length} bytes, and its attributes ask for ${lengthBytes}`);
  }
  switch (transferSyntaxUid) {
    case T.EncapsulatedUncompressedExplicitVrLittleEndian:
      return unchanged(pixels, facts);
    case T.DeflatedImageFrameCompression:
      return unchanged(deflateFrame(pixels), facts);
    case T.RLELossless:
      return { ...unchanged(encodeRle(pixels, facts), facts), planarConfiguration: 0 };
    case T.JPEGBaseline8Bit:
      checkBaseline(facts);
      return encoded(encodeBaseline(codecs, pixels, facts, options.jpegQuality), facts, {
        colour: 'YBR_FULL_422',
        lossy: true,
      });
    case T.JPEGLSLossless:
    case T.JPEGLSNearLossless: {
      checkSamples(facts, 2);
      const near = transferSyntaxUid === T.JPEGLSLossless ? 0 : options.jpegLsNear;
      // T.87 knows no sign: a sample at one end of the range could come back at the other.
      if (near > 0 && facts.pixelRepresentation === 1)
        throw unsupportedFrame('JPEG-LS near-lossless is not written for signed samples');
      return encoded(await codecs.charls.run((codec) => encodeJpegLs(codec, pixels, facts, { near })), facts, {
        colour: facts.photometricInterpretation,
        lossy: near > 0,
      });
    }
    case T.JPEG2000Lossless:
    case T.JPEG2000: {
      checkSamples(facts, 1);
      checkRgb(facts);
      const lossy = transferSyntaxUid === T.JPEG2000;
      const compressionRatio = lossy ? options.jpeg2000Ratio : undefined;
      return encoded(
        await codecs.openjpeg.run((codec) => encodeJpeg2000(codec, pixels, facts, { compressionRatio })),
        facts,
        { colour: lossy ? 'YBR_ICT' : 'YBR_RCT', lossy },
      );
    }
    case T.HTJ2KLossless:
    case T.HTJ2KLosslessRPCL:
    case T.HTJ2K: {
      checkSamples(facts, 1);
      checkRgb(facts);
      const lossy = transferSyntaxUid === T.HTJ2K;
      const style = {
        quantizationStep: lossy ? options.htj2kStep : undefined,
        rpcl: transferSyntaxUid === T.HTJ2KLosslessRPCL,
      };
      return encoded(await codecs.openjph.run((codec) => encodeHtj2k(codec, pixels, facts, style)), facts, {
        colour: lossy ? 'YBR_ICT' : 'YBR_RCT',
        lossy,
      });
    }
    default:
      throw unsupportedFrame('its wanted transfer syntax is not encoded here');
  }
}

function unchanged(bytes: Uint8Array<ArrayBuffer>, facts: FrameFacts): EncodedFrame {
  const { photometricInterpretation, planarConfiguration } = facts;
  return { bytes, photometricInterpretation, planarConfiguration, lossy: false };
}

function encoded(
  bytes: Uint8Array<ArrayBuffer>,
  facts: FrameFacts,
  { colour, lossy }: { readonly colour: string; readonly lossy: boolean },
): EncodedFrame {
  const photometricInterpretation = facts.samplesPerPixel === 1 ? facts.photometricInterpretation : colour;
  return { bytes, photometricInterpretation, planarConfiguration: 0, lossy };
}

function checkSamples(facts: FrameFacts, bitsMin: number): void {
  requireWords(facts);
  if (facts.bitsStored < bitsMin)
    throw unsupportedFrame(`Bits Stored is ${facts.bitsStored}, too few for its wanted transfer syntax`);
}

/** Encoders that transform colours take them as RGB; a palette's numbers must not be lossy, which is for the caller to know. */
function checkRgb(facts: FrameFacts): void {
  if (facts.samplesPerPixel === 1 || facts.photometricInterpretation === 'RGB') return;
  throw unsupportedFrame(
    `its colours are ${facts.photometricInterpretation}, and its wanted transfer syntax is written from RGB`,
  );
}

function encodeBaseline(
  { jpegEncoder }: Codecs,
  pixels: Uint8Array,
  facts: FrameFacts,
  quality: number,
): Uint8Array<ArrayBuffer> {
  const channels = facts.samplesPerPixel === 1 ? 1 : 3;
  const picture = { width: facts.columns, height: facts.rows, channels, pixels: fromContainer(pixels, facts) } as const;
  return jpegEncoder.encode(picture, quality);
}

function checkBaseline(facts: FrameFacts): void {
  checkRgb(facts);
  if (facts.bitsAllocated === 8 && facts.pixelRepresentation === 0) return;
  throw unsupportedFrame('JPEG baseline holds unsigned samples in 8 bits allocated only');
}
