/** Documents of the JSON and XML models as an answer, PS3.18 F.2.1 and 8.6.1: one JSON array, or a message part for each. */
import { randomBytes } from 'node:crypto';
import type { ModelFormat } from '../../../dicom/models/write-model.ts';
import type { Offer } from '../http/negotiate.ts';
import { formatMultipartContentType } from '../http/multipart-content-type.ts';
import { newBoundary, type OutgoingPart, writeMultipart } from '../http/multipart-writer.ts';

export const jsonType = 'application/dicom+json';
export const xmlType = 'application/dicom+xml';

/** Which model an offer of `metadataOffers` is. */
export function modelType({ name }: Offer): ModelFormat {
  return name === xmlType ? 'xml' : 'json';
}

export interface ModelAnswer {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export function jsonArray(documents: readonly Uint8Array[]): ModelAnswer {
  const parts: Uint8Array[] = [];
  for (const [index, document] of documents.entries()) parts.push(index === 0 ? opening : comma, document);
  if (parts.length === 0) parts.push(opening);
  return { contentType: jsonType, bytes: Buffer.concat([...parts, closing]) };
}

export async function xmlMultipart(documents: readonly Uint8Array[]): Promise<ModelAnswer> {
  const { contentType, boundary } = xmlMessage();
  const parts = documents.map(xmlPart);
  return { contentType, bytes: Buffer.concat(await Array.fromAsync(writeMultipart(parts, boundary))) };
}

/** The head of a message of XML documents. */
export function xmlMessage(): { readonly contentType: string; readonly boundary: string } {
  const boundary = newBoundary(randomBytes(16));
  return { boundary, contentType: formatMultipartContentType('multipart/related', { type: xmlType, boundary }) };
}

export function xmlPart(body: OutgoingPart['body']): OutgoingPart {
  return { headers: [['Content-Type', `${xmlType}; charset=utf-8`]], body };
}

const opening = Buffer.from('[');
const comma = Buffer.from(',');
const closing = Buffer.from(']');

/** One JSON array of the documents as they come, each in chunks. */
export async function* streamedJsonArray(
  documents: AsyncIterable<AsyncIterable<Uint8Array>>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let before: Uint8Array = opening;
  for await (const document of documents) {
    yield before;
    yield* document;
    before = comma;
  }
  if (before === opening) yield opening;
  yield closing;
}
