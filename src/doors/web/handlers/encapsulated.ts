/**
 * Encapsulated documents (PS3.3 A.45, A.85, A.104): a PDF, a CDA document or a model for printing leaves as it came, by ranges, and
 * never as a whole in memory. Of a CDA document there is a page and a text, too (cda.ts).
 */
import { readHead } from '../../../dicom/read-head.ts';
import { Tags } from '../../../dicom/dictionary/tags.generated.ts';
import { type LocatedValue, locateValue } from '../../../dicom/locate-value.ts';
import { joined, plainBytes } from '../../../dicom/ranged-bytes.ts';
import { LeadglassError } from '../../../error.ts';
import { encapsulatedType } from '../../../rendering/document-kind.ts';
import { cdaRenditions } from './cda.ts';
import { sliced } from './representation.ts';
import type { Rendition, RenditionFacts } from './rendition.ts';

const wanted: ReadonlySet<number> = new Set([Tags.EncapsulatedDocumentLength]);

/** @returns [] where no document is inside. @throws LeadglassError MALFORMED, UNSUPPORTED, LIMIT_EXCEEDED */
export async function encapsulatedRenditions(facts: RenditionFacts): Promise<readonly Rendition[]> {
  const { instance, limits } = facts;
  const mediaType = encapsulatedType(instance.head.sopClassUid);
  const { transferSyntaxUid } = instance;
  const source = plainBytes(instance, limits.dataSet);
  const value = await locateValue(source, {
    tag: Tags.EncapsulatedDocument,
    transferSyntaxUid,
    limits: limits.dataSet,
  });
  if (mediaType === undefined || value === undefined) return [];
  const lengthBytes = await documentLength(value, facts);
  const readRange = ({ first, last }: { readonly first: number; readonly last: number }): AsyncIterable<Uint8Array> =>
    sliced(source.readRange(value.offset + first, last + 1 - first), { first: 0, last: last - first });
  const file: Rendition = {
    mediaType,
    headers: [['Content-Disposition', dispositionOf(mediaType, instance.head.sopInstanceUid)]],
    isMade: false,
    lengthBytes,
    read: () => (lengthBytes === 0 ? nothing() : readRange({ first: 0, last: lengthBytes - 1 })),
    readRange,
  };
  if (mediaType !== 'text/xml') return [file];
  const readWhole = async (): Promise<Uint8Array> => {
    const { documentBytesMax } = limits.cda;
    if (lengthBytes > documentBytesMax) {
      throw new LeadglassError('LIMIT_EXCEEDED', `Cannot render a document of more than ${documentBytesMax} bytes`);
    }
    return await joined(source, value.offset, lengthBytes);
  };
  return [...cdaRenditions(readWhole, limits.cda), file];
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

/** PS3.3 C.24.2: values are of even length; the length without padding stands apart since 2020. */
async function documentLength({ lengthBytes }: LocatedValue, { instance, limits }: RenditionFacts): Promise<number> {
  const { dataSet } = await readHead(instance, {
    want: (tag) => wanted.has(tag),
    limits: { ...limits.dataSet, ...limits.dataSetKept },
  });
  const said = dataSet.number(Tags.EncapsulatedDocumentLength);
  return said !== undefined && said === lengthBytes - 1 ? said : lengthBytes;
}

/** The name is a UID, digits and dots only: titles are of the peer and may name a patient. */
function dispositionOf(mediaType: string, sopInstanceUid: string): string {
  const [, subtype = ''] = mediaType.split('/');
  // Whoever wrote it may have put a program into it (a PDF can begin one when it is opened): it is saved, and never shown on our origin.
  return `attachment; filename="${sopInstanceUid}.${subtype}"`;
}
