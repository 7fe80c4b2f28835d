/**
 * Decodes one frame: compares its codestream's own header with the data set before any decoder sees it, then picks the
 * decoder by what the codestream is. Runs in a worker; nothing here asks for files, network or other threads.
 */
import { familyOf } from './capabilities.ts';
import { decodeJpegLs } from './charls.ts';
import type { Codecs } from './codecs.ts';
import { inflateFrame } from './deflated-frame.ts';
import {
  type CodecLimits,
  type DecodedFrame,
  encodedBytesMax,
  type FrameFacts,
  frameBytes,
  malformedFrame,
  unsupportedFrame,
} from './frame.ts';
import { decodeGif } from './gif-picture.ts';
import { bareCodestream, readJpeg2000Header, wholeCodestream } from './jpeg2000-header.ts';
import { decodeJpegExtended } from './jpeg-extended.ts';
import { checkJpegHeader, type JpegHeader, readJpegHeader } from './jpeg-header.ts';
import { decodeJpegLossless } from './jpeg-lossless.ts';
import { checkJpegXlHeader, readJpegXlHeader } from './jpeg-xl-header.ts';
import { decodeJpeg8 } from './libjpeg-turbo.ts';
import { checkJpegXlFacts, decodeJpegXl } from './libjxl.ts';
import { decodeJpeg2000 } from './openjpeg.ts';
import { decodeHtj2k } from './openjph.ts';
import { decodePng } from './png-picture.ts';
import { decodeRle } from './rle.ts';
import { intoContainer, requireWords, type Samples } from './samples.ts';

export interface DecodeRequest {
  readonly transferSyntaxUid: string;
  /** The frame's fragments, joined, without item headers. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly facts: FrameFacts;
}

/**
 * @throws LeadglassError MALFORMED (the frame contradicts the facts, or is damaged), UNSUPPORTED, LIMIT_EXCEEDED
 */
export async function decodeFrame(codecs: Codecs, request: DecodeRequest, limits: CodecLimits): Promise<DecodedFrame> {
  const { transferSyntaxUid, bytes, facts } = request;
  const lengthBytes = frameBytes(facts, limits);
  const family = familyOf(transferSyntaxUid);
  if (family === undefined) throw unsupportedFrame('its transfer syntax is not decoded here');
  if (bytes.length > encodedBytesMax(facts, limits)) {
    throw malformedFrame(`it has ${bytes.length} encoded bytes, and ${lengthBytes} when decoded`);
  }
  const { photometricInterpretation, planarConfiguration } = facts;
  switch (family) {
    case 'plain':
      return { pixels: plainFrame(bytes, lengthBytes), photometricInterpretation, planarConfiguration };
    case 'deflated':
      return { pixels: inflateFrame(bytes, lengthBytes), photometricInterpretation, planarConfiguration };
    case 'rle':
      return { pixels: decodeRle(bytes, facts, lengthBytes), photometricInterpretation, planarConfiguration: 0 };
    case 'png':
      return { pixels: decodePng(bytes, facts, lengthBytes), photometricInterpretation, planarConfiguration: 0 };
    case 'gif':
      return { pixels: decodeGif(bytes, facts, lengthBytes), photometricInterpretation, planarConfiguration: 0 };
    case 'jpeg':
    case 'jpeg-ls': {
      const { samples, isRgb } = await decodeJpeg(codecs, request);
      return placed(samples, facts, isRgb);
    }
    case 'jpeg-2000': {
      const { samples, isRgb } = await decodeWavelet(codecs, request);
      return placed(samples, facts, isRgb);
    }
    case 'jpeg-xl': {
      const samples = await decodeXl(codecs, request);
      return placed(samples, facts, facts.samplesPerPixel === 3);
    }
  }
}

function placed(samples: Samples, facts: FrameFacts, isRgb: boolean): DecodedFrame {
  return {
    pixels: intoContainer(samples, facts),
    photometricInterpretation: isRgb ? 'RGB' : facts.photometricInterpretation,
    planarConfiguration: 0,
  };
}

interface Picture {
  readonly samples: Samples;
  readonly isRgb: boolean;
}

async function decodeJpeg(codecs: Codecs, { bytes, facts }: DecodeRequest): Promise<Picture> {
  requireWords(facts);
  const header = readJpegHeader(bytes);
  checkJpegHeader(header, facts);
  const colour = facts.samplesPerPixel === 3;
  if (header.sof === 0xf7) {
    return {
      samples: await codecs.charls.run((codec) => decodeJpegLs(codec, bytes, header, facts)),
      isRgb: false,
    };
  }
  if (header.sof === 0xc3) return { samples: decodeJpegLossless(bytes, header, facts), isRgb: false };
  if (isDct8(header)) {
    const samples = await codecs.libjpegTurbo.run((codec) => decodeJpeg8(codec, bytes, header, facts));
    return { samples, isRgb: colour };
  }
  if (header.precision === 12 && (header.sof === 0xc0 || header.sof === 0xc1)) {
    return { samples: decodeJpegExtended(bytes, header, facts), isRgb: false };
  }
  const process = header.sof.toString(16).toUpperCase();
  throw unsupportedFrame(
    `its JPEG codestream (SOF ${process}, ${header.precision} bits) is of a process not decoded here`,
  );
}

const isDct8 = ({ sof, precision }: JpegHeader): boolean => precision === 8 && sof >= 0xc0 && sof <= 0xc2;

async function decodeWavelet(codecs: Codecs, { bytes, facts }: DecodeRequest): Promise<Picture> {
  requireWords(facts);
  const bare = bareCodestream(bytes);
  const header = readJpeg2000Header(bare, facts);
  const codestream = wholeCodestream(bare);
  const samples = header.highThroughput
    ? await codecs.openjph.run((codec) => decodeHtj2k(codec, codestream, header, facts))
    : await codecs.openjpeg.run((codec) => decodeJpeg2000(codec, codestream, header, facts));
  // PS3.5 8.2.4: these two say how the codestream was made; decoders undo it.
  const isRgb = ['YBR_RCT', 'YBR_ICT'].includes(facts.photometricInterpretation);
  return { samples, isRgb };
}

async function decodeXl(codecs: Codecs, { transferSyntaxUid, bytes, facts }: DecodeRequest): Promise<Samples> {
  requireWords(facts);
  checkJpegXlFacts(transferSyntaxUid, facts);
  const header = readJpegXlHeader(bytes);
  checkJpegXlHeader(header, facts);
  return await codecs.libjxl.run((codec) => decodeJpegXl(codec, bytes, header, facts));
}

/** PS3.5 A.4.11: the native frame, and a byte of padding where it is odd. */
function plainFrame(bytes: Uint8Array<ArrayBuffer>, lengthBytes: number): Uint8Array<ArrayBuffer> {
  if (bytes.length === lengthBytes) return bytes;
  if (bytes.length === lengthBytes + 1 && lengthBytes % 2 === 1) return bytes.slice(0, lengthBytes);
  throw malformedFrame(`it has ${bytes.length} bytes, and its attributes ask for ${lengthBytes}`);
}
