/** For tests of multipart messages: what a reader makes of them, in whatever pieces they come. */
import { LeadglassError } from '../../../error.ts';
import { type MultipartLimits, MultipartReader } from './multipart-reader.ts';

export const testLimits: MultipartLimits = {
  multipartPartsMax: 20,
  partHeaderBytesMax: 300,
  partHeadersMax: 5,
  preambleBytesMax: 40,
  epilogueBytesMax: 60,
};

export interface ReadPart {
  readonly contentType: string;
  readonly contentLocation: string | undefined;
  readonly body: string;
}

export type ReadOutcome =
  | { readonly parts: readonly ReadPart[] }
  | { readonly refused: string; readonly message: string };

export interface ReadOptions {
  readonly boundary?: string;
  readonly limits?: Partial<MultipartLimits>;
}

/** The parts, bytes as Latin-1 text; or the code of the refusal. Anything else that is thrown goes through. */
export function readMultipart(chunks: readonly Uint8Array[], options: ReadOptions = {}): ReadOutcome {
  const reader = new MultipartReader({
    boundary: options.boundary ?? 'b',
    defaultType: 'application/dicom',
    limits: { ...testLimits, ...options.limits },
  });
  const parts: { contentType: string; contentLocation: string | undefined; body: string }[] = [];
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind === 'part') {
          const { contentType, contentLocation } = event.headers;
          parts.push({ contentType: contentType.name, contentLocation, body: '' });
        }
        const open = parts.at(-1);
        if (event.kind === 'body' && open !== undefined) {
          if (event.bytes.length === 0) throw new Error('an event without bytes');
          open.body += Buffer.from(event.bytes).toString('latin1');
        }
      }
    }
    reader.end();
    return { parts };
  } catch (error) {
    if (!(error instanceof LeadglassError)) throw error;
    return { refused: error.code, message: error.message };
  }
}

export function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Each way to cut the bytes in two, and all single bytes. */
export function* everyCut(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
}
