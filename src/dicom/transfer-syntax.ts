/**
 * Transfer syntaxes, PS3.5 annex A and PS3.6 annex A: what each one says of the bytes of a data set. Reading and writing
 * those bytes is for data-set-codec.ts and transcode.ts; no codec of pixels is here.
 */
import { knownUid, type Uid } from './uid.ts';

export interface TransferSyntaxInfo {
  readonly uid: Uid;
  readonly name: string;
  readonly explicit: boolean;
  readonly littleEndian: boolean;
  /** The whole data set is one raw deflate stream (RFC 1951), PS3.5 A.5. */
  readonly deflated: boolean;
  /** Pixel data stands as fragments in items, PS3.5 A.4. */
  readonly encapsulated: boolean;
  readonly retired: boolean;
}

type Kind = 'implicit' | 'plain' | 'bigEndian' | 'deflated' | 'encapsulated';

const infos = new Map<string, TransferSyntaxInfo>();

/** Enters one row into the table and gives its UID. */
function syntax(text: string, name: string, kind: Kind, retired = false): Uid {
  const uid = knownUid(text);
  infos.set(uid, {
    uid,
    name,
    explicit: kind !== 'implicit',
    littleEndian: kind !== 'bigEndian',
    deflated: kind === 'deflated',
    encapsulated: kind === 'encapsulated',
    retired,
  });
  return uid;
}

/**
 * Every current and retired transfer syntax of the standard, its keyword to its UID. The JPIP syntaxes hold a reference and
 * no pixel data, so they count as not encapsulated; so do the SMPTE ones, whose frames travel in RTP (PS3.22), and RFC 2557
 * and XML, which never carried a data set.
 */
export const TransferSyntaxes = {
  ImplicitVrLittleEndian: syntax('1.2.840.10008.1.2', 'Implicit VR Little Endian', 'implicit'),
  ExplicitVrLittleEndian: syntax('1.2.840.10008.1.2.1', 'Explicit VR Little Endian', 'plain'),
  EncapsulatedUncompressedExplicitVrLittleEndian: syntax(
    '1.2.840.10008.1.2.1.98',
    'Encapsulated Uncompressed Explicit VR Little Endian',
    'encapsulated',
  ),
  DeflatedExplicitVrLittleEndian: syntax('1.2.840.10008.1.2.1.99', 'Deflated Explicit VR Little Endian', 'deflated'),
  ExplicitVrBigEndian: syntax('1.2.840.10008.1.2.2', 'Explicit VR Big Endian', 'bigEndian', true),
  JPEGBaseline8Bit: syntax('1.2.840.10008.1.2.4.50', 'JPEG Baseline (Process 1)', 'encapsulated'),
  JPEGExtended12Bit: syntax('1.2.840.10008.1.2.4.51', 'JPEG Extended (Process 2 and 4)', 'encapsulated'),
  JPEGExtended35: syntax('1.2.840.10008.1.2.4.52', 'JPEG Extended (Process 3 and 5)', 'encapsulated', true),
  JPEGSpectralSelectionNonHierarchical68: syntax(
    '1.2.840.10008.1.2.4.53',
    'JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)',
    'encapsulated',
    true,
  ),
  JPEGSpectralSelectionNonHierarchical79: syntax(
    '1.2.840.10008.1.2.4.54',
    'JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)',
    'encapsulated',
    true,
  ),
  JPEGFullProgressionNonHierarchical1012: syntax(
    '1.2.840.10008.1.2.4.55',
    'JPEG Full Progression, Non-Hierarchical (Process 10 and 12)',
    'encapsulated',
    true,
  ),
  JPEGFullProgressionNonHierarchical1113: syntax(
    '1.2.840.10008.1.2.4.56',
    'JPEG Full Progression, Non-Hierarchical (Process 11 and 13)',
    'encapsulated',
    true,
  ),
  JPEGLossless: syntax('1.2.840.10008.1.2.4.57', 'JPEG Lossless, Non-Hierarchical (Process 14)', 'encapsulated'),
  JPEGLosslessNonHierarchical15: syntax(
    '1.2.840.10008.1.2.4.58',
    'JPEG Lossless, Non-Hierarchical (Process 15)',
    'encapsulated',
    true,
  ),
  JPEGExtendedHierarchical1618: syntax(
    '1.2.840.10008.1.2.4.59',
    'JPEG Extended, Hierarchical (Process 16 and 18)',
    'encapsulated',
    true,
  ),
  JPEGExtendedHierarchical1719: syntax(
    '1.2.840.10008.1.2.4.60',
    'JPEG Extended, Hierarchical (Process 17 and 19)',
    'encapsulated',
    true,
  ),
  JPEGSpectralSelectionHierarchical2022: syntax(
    '1.2.840.10008.1.2.4.61',
    'JPEG Spectral Selection, Hierarchical (Process 20 and 22)',
    'encapsulated',
    true,
  ),
  JPEGSpectralSelectionHierarchical2123: syntax(
    '1.2.840.10008.1.2.4.62',
    'JPEG Spectral Selection, Hierarchical (Process 21 and 23)',
    'encapsulated',
    true,
  ),
  JPEGFullProgressionHierarchical2426: syntax(
    '1.2.840.10008.1.2.4.63',
    'JPEG Full Progression, Hierarchical (Process 24 and 26)',
    'encapsulated',
    true,
  ),
  JPEGFullProgressionHierarchical2527: syntax(
    '1.2.840.10008.1.2.4.64',
    'JPEG Full Progression, Hierarchical (Process 25 and 27)',
    'encapsulated',
    true,
  ),
  JPEGLosslessHierarchical28: syntax(
    '1.2.840.10008.1.2.4.65',
    'JPEG Lossless, Hierarchical (Process 28)',
    'encapsulated',
    true,
  ),
  JPEGLosslessHierarchical29: syntax(
    '1.2.840.10008.1.2.4.66',
    'JPEG Lossless, Hierarchical (Process 29)',
    'encapsulated',
    true,
  ),
  JPEGLosslessSV1: syntax(
    '1.2.840.10008.1.2.4.70',
    'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])',
    'encapsulated',
  ),
  JPEGLSLossless: syntax('1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless Image Compression', 'encapsulated'),
  JPEGLSNearLossless: syntax(
    '1.2.840.10008.1.2.4.81',
    'JPEG-LS Lossy (Near-Lossless) Image Compression',
    'encapsulated',
  ),
  JPEG2000Lossless: syntax('1.2.840.10008.1.2.4.90', 'JPEG 2000 Image Compression (Lossless Only)', 'encapsulated'),
  JPEG2000: syntax('1.2.840.10008.1.2.4.91', 'JPEG 2000 Image Compression', 'encapsulated'),
  JPEG2000MCLossless: syntax(
    '1.2.840.10008.1.2.4.92',
    'JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)',
    'encapsulated',
  ),
  JPEG2000MC: syntax('1.2.840.10008.1.2.4.93', 'JPEG 2000 Part 2 Multi-component Image Compression', 'encapsulated'),
  JPIPReferenced: syntax('1.2.840.10008.1.2.4.94', 'JPIP Referenced', 'plain'),
  JPIPReferencedDeflate: syntax('1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate', 'deflated'),
  MPEG2MPML: syntax('1.2.840.10008.1.2.4.100', 'MPEG2 Main Profile / Main Level', 'encapsulated'),
  MPEG2MPMLF: syntax('1.2.840.10008.1.2.4.100.1', 'Fragmentable MPEG2 Main Profile / Main Level', 'encapsulated'),
  MPEG2MPHL: syntax('1.2.840.10008.1.2.4.101', 'MPEG2 Main Profile / High Level', 'encapsulated'),
  MPEG2MPHLF: syntax('1.2.840.10008.1.2.4.101.1', 'Fragmentable MPEG2 Main Profile / High Level', 'encapsulated'),
  MPEG4HP41: syntax('1.2.840.10008.1.2.4.102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1', 'encapsulated'),
  MPEG4HP41F: syntax(
    '1.2.840.10008.1.2.4.102.1',
    'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1',
    'encapsulated',
  ),
  MPEG4HP41BD: syntax(
    '1.2.840.10008.1.2.4.103',
    'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1',
    'encapsulated',
  ),
  MPEG4HP41BDF: syntax(
    '1.2.840.10008.1.2.4.103.1',
    'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1',
    'encapsulated',
  ),
  MPEG4HP422D: syntax(
    '1.2.840.10008.1.2.4.104',
    'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video',
    'encapsulated',
  ),
  MPEG4HP422DF: syntax(
    '1.2.840.10008.1.2.4.104.1',
    'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video',
    'encapsulated',
  ),
  MPEG4HP423D: syntax(
    '1.2.840.10008.1.2.4.105',
    'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video',
    'encapsulated',
  ),
  MPEG4HP423DF: syntax(
    '1.2.840.10008.1.2.4.105.1',
    'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video',
    'encapsulated',
  ),
  MPEG4HP42STEREO: syntax(
    '1.2.840.10008.1.2.4.106',
    'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2',
    'encapsulated',
  ),
  MPEG4HP42STEREOF: syntax(
    '1.2.840.10008.1.2.4.106.1',
    'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2',
    'encapsulated',
  ),
  HEVCMP51: syntax('1.2.840.10008.1.2.4.107', 'HEVC/H.265 Main Profile / Level 5.1', 'encapsulated'),
  HEVCM10P51: syntax('1.2.840.10008.1.2.4.108', 'HEVC/H.265 Main 10 Profile / Level 5.1', 'encapsulated'),
  JPEGXLLossless: syntax('1.2.840.10008.1.2.4.110', 'JPEG XL Lossless', 'encapsulated'),
  JPEGXLJPEGRecompression: syntax('1.2.840.10008.1.2.4.111', 'JPEG XL JPEG Recompression', 'encapsulated'),
  JPEGXL: syntax('1.2.840.10008.1.2.4.112', 'JPEG XL', 'encapsulated'),
  HTJ2KLossless: syntax(
    '1.2.840.10008.1.2.4.201',
    'High-Throughput JPEG 2000 Image Compression (Lossless Only)',
    'encapsulated',
  ),
  HTJ2KLosslessRPCL: syntax(
    '1.2.840.10008.1.2.4.202',
    'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)',
    'encapsulated',
  ),
  HTJ2K: syntax('1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000 Image Compression', 'encapsulated'),
  JPIPHTJ2KReferenced: syntax('1.2.840.10008.1.2.4.204', 'JPIP HTJ2K Referenced', 'plain'),
  JPIPHTJ2KReferencedDeflate: syntax('1.2.840.10008.1.2.4.205', 'JPIP HTJ2K Referenced Deflate', 'deflated'),
  RLELossless: syntax('1.2.840.10008.1.2.5', 'RLE Lossless', 'encapsulated'),
  RFC2557MIMEEncapsulation: syntax('1.2.840.10008.1.2.6.1', 'RFC 2557 MIME encapsulation', 'plain', true),
  XMLEncoding: syntax('1.2.840.10008.1.2.6.2', 'XML Encoding', 'plain', true),
  SMPTEST211020UncompressedProgressiveActiveVideo: syntax(
    '1.2.840.10008.1.2.7.1',
    'SMPTE ST 2110-20 Uncompressed Progressive Active Video',
    'plain',
  ),
  SMPTEST211020UncompressedInterlacedActiveVideo: syntax(
    '1.2.840.10008.1.2.7.2',
    'SMPTE ST 2110-20 Uncompressed Interlaced Active Video',
    'plain',
  ),
  SMPTEST211030PCMDigitalAudio: syntax('1.2.840.10008.1.2.7.3', 'SMPTE ST 2110-30 PCM Digital Audio', 'plain'),
  DeflatedImageFrameCompression: syntax('1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression', 'encapsulated'),
  Papyrus3ImplicitVrLittleEndian: syntax('1.2.840.10008.1.20', 'Papyrus 3 Implicit VR Little Endian', 'implicit', true),
} as const;

/** What the standard says of this transfer syntax; undefined for a private or unknown one. */
export function transferSyntaxInfo(uid: string): TransferSyntaxInfo | undefined {
  return infos.get(uid);
}

/** Every transfer syntax of the standard that is not retired. */
export const currentTransferSyntaxes: readonly TransferSyntaxInfo[] = [...infos.values()].filter(
  (info) => !info.retired,
);
