/**
 * What can be offered of instances, of pixel data and of metadata, PS3.18 8.7.3 and 10.4.4: from the transfer syntaxes that a
 * pixel data can be had in to the offers that negotiate.ts chooses from.
 */
import { TransferSyntaxes } from '../../../dicom/transfer-syntax.ts';
import type { Offer } from '../http/negotiate.ts';

interface CompressedType {
  readonly name: string;
  /** The default one first. */
  readonly syntaxes: readonly string[];
  /** What it was called before 2013; still sent. */
  readonly aliases?: readonly string[];
}

/** Table 8.7.3-5. */
const compressedTypes: readonly CompressedType[] = [
  {
    name: 'image/jpeg',
    syntaxes: [
      TransferSyntaxes.JPEGLosslessSV1,
      TransferSyntaxes.JPEGBaseline8Bit,
      TransferSyntaxes.JPEGExtended12Bit,
      TransferSyntaxes.JPEGLossless,
    ],
  },
  { name: 'image/dicom-rle', syntaxes: [TransferSyntaxes.RLELossless], aliases: ['image/x-dicom-rle'] },
  {
    name: 'image/jls',
    syntaxes: [TransferSyntaxes.JPEGLSLossless, TransferSyntaxes.JPEGLSNearLossless],
    aliases: ['image/x-jls'],
  },
  { name: 'image/jp2', syntaxes: [TransferSyntaxes.JPEG2000Lossless, TransferSyntaxes.JPEG2000] },
  { name: 'image/jpx', syntaxes: [TransferSyntaxes.JPEG2000MCLossless, TransferSyntaxes.JPEG2000MC] },
  {
    name: 'image/jphc',
    syntaxes: [TransferSyntaxes.HTJ2KLossless, TransferSyntaxes.HTJ2KLosslessRPCL, TransferSyntaxes.HTJ2K],
  },
  {
    name: 'image/jxl',
    syntaxes: [TransferSyntaxes.JPEGXLLossless, TransferSyntaxes.JPEGXLJPEGRecompression, TransferSyntaxes.JPEGXL],
  },
  {
    name: 'video/mpeg',
    syntaxes: [
      TransferSyntaxes.MPEG2MPML,
      TransferSyntaxes.MPEG2MPHL,
      TransferSyntaxes.MPEG2MPMLF,
      TransferSyntaxes.MPEG2MPHLF,
    ],
  },
  {
    name: 'video/mp4',
    syntaxes: [
      TransferSyntaxes.MPEG4HP41,
      TransferSyntaxes.MPEG4HP41BD,
      TransferSyntaxes.MPEG4HP422D,
      TransferSyntaxes.MPEG4HP423D,
      TransferSyntaxes.MPEG4HP42STEREO,
      TransferSyntaxes.MPEG4HP41F,
      TransferSyntaxes.MPEG4HP41BDF,
      TransferSyntaxes.MPEG4HP422DF,
      TransferSyntaxes.MPEG4HP423DF,
      TransferSyntaxes.MPEG4HP42STEREOF,
    ],
  },
  { name: 'video/h265', syntaxes: [TransferSyntaxes.HEVCMP51, TransferSyntaxes.HEVCM10P51] },
];

/** 8.7.3: these are never sent. */
const unused: ReadonlySet<string> = new Set([
  TransferSyntaxes.ImplicitVrLittleEndian,
  TransferSyntaxes.ExplicitVrBigEndian,
]);
const defaultSyntax: string = TransferSyntaxes.ExplicitVrLittleEndian;

/**
 * Offers of an instance as a Part 10 file.
 * @param syntaxes in which it can be had, the stored one first; where Explicit VR Little Endian is not among them (8.7.3: lossy
 *   only, or too long), the first stands in for it
 * @param lossy in which it can be had, too, as another instance that lost something
 * @param isOne whether the resource is a single instance, which may come without a multipart around it (10.4.4)
 */
export function instanceOffers(
  syntaxes: readonly string[],
  { isOne, lossy = [] }: { readonly isOne: boolean; readonly lossy?: readonly string[] },
): readonly Offer[] {
  const sent = syntaxes.filter((syntax) => !unused.has(syntax));
  const standard = sent.includes(defaultSyntax) ? defaultSyntax : sent[0];
  const forms = isOne ? [true, false] : [true];
  const name = 'application/dicom';
  return forms.flatMap((isMultipart) => [
    ...sent.map((transferSyntax) => ({
      name,
      isMultipart,
      transferSyntax,
      isDefaultSyntax: transferSyntax === standard,
      isDefault: transferSyntax === standard && isMultipart,
    })),
    ...lossy.map((transferSyntax) => ({ name, isMultipart, transferSyntax, isNamedOnly: true })),
  ]);
}

/** The same files in one ZIP archive, for who asks for that; never by default. */
export function zipOffers(syntaxes: readonly string[]): readonly Offer[] {
  return instanceOffers(syntaxes, { isOne: true })
    .filter(({ isMultipart }) => !isMultipart)
    .map(({ isDefault: _isDefault, ...offer }) => ({ ...offer, name: zipType }));
}

/** Their bulk data alone (10.4.1.1.5), for who asks for that; never by default. */
export function bulkOffers(syntaxes: readonly string[], lossy: readonly string[]): readonly Offer[] {
  return pixelOffers(syntaxes, { isOne: false, lossy }).map(({ isDefault: _isDefault, ...offer }) => offer);
}

export const zipType = 'application/zip';

/**
 * Offers of frames, pixel data and bulk data. What is not compressed goes as octets in Explicit VR Little Endian order, whatever
 * order it is stored in.
 * @param syntaxes as above, and `lossy`; those without a media type of their own are left out
 */
export function pixelOffers(
  syntaxes: readonly string[],
  { isOne, lossy = [] }: { readonly isOne: boolean; readonly lossy?: readonly string[] },
): readonly Offer[] {
  const found = syntaxes.map(pixelOffer).filter((offer) => offer !== undefined);
  const named = lossy.map(pixelOffer).filter((offer) => offer !== undefined);
  const standard = found.find(({ transferSyntax }) => transferSyntax === defaultSyntax) ?? found[0];
  const forms = isOne ? [true, false] : [true];
  return forms.flatMap((isMultipart) => [
    ...found.map((offer) => ({ ...offer, isMultipart, isDefault: offer === standard && isMultipart })),
    ...named.map((offer) => ({ ...offer, isMultipart, isNamedOnly: true })),
  ]);
}

function pixelOffer(transferSyntax: string): Omit<Offer, 'isMultipart'> | undefined {
  if (transferSyntax === defaultSyntax) {
    return { name: 'application/octet-stream', transferSyntax, isDefaultSyntax: true };
  }
  const type = compressedTypes.find(({ syntaxes }) => syntaxes.includes(transferSyntax));
  if (type === undefined) return undefined;
  const { name, syntaxes, aliases = [] } = type;
  return { name, transferSyntax, isDefaultSyntax: syntaxes[0] === transferSyntax, aliases };
}

/**
 * The transfer syntax of bulk data that comes with this media type (tables 8.7.3-4, 8.7.3-5).
 * @param said its parameter; without it the default one of the type
 * @returns undefined for a type that carries no pixel data, or not in that syntax
 */
export function defaultSyntaxOf(name: string, said: string | undefined): string | undefined {
  if (name === 'application/octet-stream')
    return said === undefined || said === defaultSyntax ? defaultSyntax : undefined;
  const type = compressedTypes.find((each) => each.name === name || each.aliases?.includes(name) === true);
  if (said === undefined) return type?.syntaxes[0];
  return type?.syntaxes.includes(said) === true ? said : undefined;
}

/** Metadata and the answers of searches and stores: table 10.4.4-1. Old clients ask for application/json. */
export const metadataOffers: readonly Offer[] = [
  { name: 'application/dicom+json', isMultipart: false, isDefault: true, aliases: ['application/json'] },
  { name: 'application/dicom+xml', isMultipart: true },
];

/** The media type of pixel data in this transfer syntax, for Content-Type and for what a store takes (table 10.5.2-1). */
export function pixelMediaType(transferSyntax: string): string | undefined {
  return pixelOffer(transferSyntax)?.name;
}
