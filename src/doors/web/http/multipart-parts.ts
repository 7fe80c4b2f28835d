/** The parts of a multipart message one after the other, each with its body as a stream: what multipart-reader.ts finds. */
import { LeadglassError } from '../../../error.ts';
import type { MultipartEvent, MultipartReader } from './multipart-reader.ts';
import type { PartHeaders } from './part-headers.ts';

export interface IncomingPart {
  readonly headers: PartHeaders;
  /** To be read once, before the next part is asked for; what is left of it is skipped then. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Nothing is read ahead: the source is asked for its next chunk only when the consumer has taken all that the last one held.
 * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, UNSUPPORTED, from here or out of the body that is being read
 */
export async function* readParts(
  source: AsyncIterable<Uint8Array>,
  reader: MultipartReader,
): AsyncGenerator<IncomingPart, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  const events = new Events(chunks, reader);
  try {
    for (;;) {
      const event = await events.next();
      if (event === undefined) return;
      if (event.kind !== 'part') continue;
      yield { headers: event.headers, body: bodyOf(events, events.part) };
    }
  } finally {
    events.part = -1;
    await chunks.return?.();
  }
}

/** Events in order, whoever asks: the loop over the parts, or the body of the part that is open. */
class Events {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #reader: MultipartReader;
  /** Number of the open part; a body that belongs to another one is over. */
  part = 0;

  constructor(chunks: AsyncIterator<Uint8Array>, reader: MultipartReader) {
    this.#chunks = chunks;
    this.#reader = reader;
  }

  async next(): Promise<MultipartEvent | undefined> {
    for (;;) {
      const event = this.#reader.next();
      if (event !== undefined) {
        if (event.kind === 'part' || event.kind === 'part-end') this.part += 1;
        return event;
      }
      const chunk = await this.#chunks.next();
      if (chunk.done === true) {
        this.#reader.end();
        return undefined;
      }
      this.#reader.push(chunk.value);
    }
  }
}

async function* bodyOf(events: Events, part: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    if (events.part !== part) {
      // Silence would look like the end of a whole part.
      throw new LeadglassError('INTERNAL', 'Internal error; the log has the details', {
        detail: 'the body of a multipart part was read after the part had been left',
      });
    }
    const event = await events.next();
    if (event?.kind !== 'body') return;
    yield event.bytes;
  }
}
