/** CDA documents (HL7 CDA R2, encapsulated by PS3.3 A.45.2) as a page and as plain text, beside the file itself. */
import { LeadglassError } from '../../../error.ts';
import { cdaHtml, cdaText } from '../../../rendering/cda/cda-page.ts';
import { type CdaDocument, readCda } from '../../../rendering/cda/read-cda.ts';
import { decodeXml, readXmlTree, type XmlTreeLimits } from '../../../rendering/cda/xml-tree.ts';
import { pageStyleDigest, type Rendition } from './rendition.ts';

/** @param readWhole the document's bytes, of a bounded length */
export function cdaRenditions(readWhole: () => Promise<Uint8Array>, limits: XmlTreeLimits): readonly Rendition[] {
  const written = async function* (
    write: (document: CdaDocument) => string,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const document = readCda(readXmlTree(decodeXml(await readWhole()), limits));
    if (document === undefined) {
      throw new LeadglassError('MALFORMED', 'Cannot render the document: it is no CDA; ask for it as text/xml');
    }
    yield Buffer.from(write(document));
  };
  return [
    {
      mediaType: 'text/html',
      contentType: 'text/html; charset=utf-8',
      styleDigest: pageStyleDigest,
      isMade: true,
      read: () => written(cdaHtml),
    },
    {
      mediaType: 'text/plain',
      contentType: 'text/plain; charset=utf-8',
      isMade: true,
      read: () => written(cdaText),
    },
  ];
}
