/**
 * A multipart message of metadata and bulk data (PS3.18 8.6.1, 10.5.1): documents come out as data sets, bulk data by the URI that
 * a data set names. A part is streamed where it is the next one and says its length; others wait in memory, a bounded
 * number of bytes. No URI is ever fetched from anywhere else.
 */
import { readJsonModels } from '../../../dicom/models/read-json.ts';
import type { BulkValue } from '../../../dicom/models/encode-model.ts';
import type { ReadModel } from '../../../dicom/models/read-model.ts';
import { readXmlModel } from '../../../dicom/models/read-xml.ts';
import { LeadglassError } from '../../../error.ts';
import type { MediaType } from '../http/media-type.ts';
import type { IncomingPart } from '../http/multipart-parts.ts';
import type { WebLimits } from '../web-handler.ts';
import type { MessageMemory } from './message-memory.ts';
import { jsonType, xmlType } from './model-answer.ts';

/** A part with bulk data: its type is known before its bytes are asked for. */
export interface BulkPart {
  readonly contentType: MediaType;
  value(): BulkValue;
}

export class ModelMessage {
  readonly #parts: AsyncIterator<IncomingPart>;
  readonly #limits: WebLimits;
  readonly #memory: MessageMemory;
  readonly #models: ReadModel[] = [];
  /** By URI, in the order in which they came. */
  readonly #waiting = new Map<string, { readonly contentType: MediaType; readonly bytes: Uint8Array }[]>();
  /** How many data sets that are not done with name a URI. */
  readonly #wanted = new Map<string, number>();
  /** The part that streams, until the next one is asked for. */
  #open: OpenPart | undefined;
  readonly #named = new Set<string>();
  #waitingBytes = 0;
  #documentBytes = 0;
  #unused = 0;

  constructor(parts: AsyncIterator<IncomingPart>, limits: WebLimits, memory: MessageMemory) {
    this.#memory = memory;
    this.#parts = parts;
    this.#limits = limits;
  }

  /** Parts with bulk data that no data set before them named. */
  get unused(): number {
    return this.#unused;
  }

  /**
   * The next data set, or undefined when the message is over. The ones before must be done with.
   * @throws LeadglassError MALFORMED, LIMIT_EXCEEDED, also of the message itself
   */
  async nextModel(): Promise<ReadModel | undefined> {
    while (this.#models.length === 0) {
      const part = await this.#nextPart();
      if (part === undefined) return undefined;
      await this.#keep(part);
    }
    return this.#models.shift();
  }

  /**
   * The part with this URI.
   * @throws LeadglassError MALFORMED when there is none; LIMIT_EXCEEDED when too much has to wait for it
   */
  async bulkPart(uri: string): Promise<BulkPart> {
    for (;;) {
      const waiting = this.#waiting.get(uri)?.shift();
      if (waiting !== undefined) {
        const { contentType, bytes } = waiting;
        this.#waitingBytes -= bytes.length;
        return { contentType, value: () => ({ lengthBytes: bytes.length, chunks: [bytes] }) };
      }
      const part = await this.#nextPart();
      if (part === undefined) {
        throw new LeadglassError('MALFORMED', 'Cannot store: the message has no part for one of its bulk data URIs', {
          field: 'BulkDataURI',
        });
      }
      const { contentType, contentLocation, contentLengthBytes } = part.headers;
      if (contentLocation === uri && contentLengthBytes !== undefined) {
        this.#open = new OpenPart(contentType, { lengthBytes: contentLengthBytes, chunks: part.body });
        return this.#open;
      }
      await this.#keep(part);
    }
  }

  /** This data set is done with, or given up: what only it named is passed over from now on. */
  forget(model: ReadModel): void {
    for (const { uri } of model.bulkData.values()) {
      const others = (this.#wanted.get(uri) ?? 1) - 1;
      this.#wanted.set(uri, others);
      if (others > 0) continue;
      this.#wanted.delete(uri);
      for (const { bytes } of this.#waiting.get(uri) ?? []) this.#waitingBytes -= bytes.length;
      this.#waiting.delete(uri);
    }
  }

  async #nextPart(): Promise<IncomingPart | undefined> {
    // It was asked for and not read yet; its turn comes after what is looked for now.
    await this.#open?.hold((body) => this.#held(body));
    this.#open = undefined;
    const next = await this.#parts.next();
    return next.done === true ? undefined : next.value;
  }

  async #keep({ headers, body }: IncomingPart): Promise<void> {
    const { contentType, contentLocation: uri } = headers;
    if (contentType.name === jsonType || contentType.name === xmlType) {
      this.#read(contentType, await this.#document(body));
      return;
    }
    // What follows the metadata and is named by none of it is passed over; it must be named before it comes (10.5.1).
    if (uri === undefined || !this.#wanted.has(uri)) {
      if (uri === undefined || !this.#named.has(uri)) this.#unused += 1;
      return;
    }
    const bytes = await this.#held(body);
    const list = this.#waiting.get(uri);
    if (list === undefined) this.#waiting.set(uri, [{ contentType, bytes }]);
    else list.push({ contentType, bytes });
  }

  #read({ name }: MediaType, document: Uint8Array): void {
    const models =
      name === jsonType ? readJsonModels(document, this.#limits.model) : [readXmlModel(document, this.#limits.model)];
    for (const model of models) {
      for (const { uri } of model.bulkData.values()) {
        this.#wanted.set(uri, (this.#wanted.get(uri) ?? 0) + 1);
        this.#named.add(uri);
      }
      this.#models.push(model);
    }
  }

  async #document(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) {
      this.#documentBytes += chunk.length;
      this.#atMost(this.#documentBytes, this.#limits.model.documentBytesMax, 'bytes of metadata');
      await this.#memory.reach('documents', this.#documentBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async #held(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) {
      this.#waitingBytes += chunk.length;
      this.#atMost(this.#waitingBytes, this.#limits.web.waitingBulkBytesMax, 'bytes of bulk data that has to wait');
      await this.#memory.reach('waiting', this.#waitingBytes);
      chunks.push(Buffer.from(chunk));
    }
    return Buffer.concat(chunks);
  }

  #atMost(count: number, most: number, what: string): void {
    if (count <= most) return;
    throw new LeadglassError(
      'LIMIT_EXCEEDED',
      `Cannot store: more than ${most} ${what}; send bulk data in the order of its references, with Content-Length`,
    );
  }
}

/** A part whose bytes are still on their way: streamed to who reads it now, held for who reads it later. */
class OpenPart implements BulkPart {
  readonly contentType: MediaType;
  #value: BulkValue;
  #body: AsyncIterable<Uint8Array> | undefined;

  constructor(
    contentType: MediaType,
    value: { readonly lengthBytes: number; readonly chunks: AsyncIterable<Uint8Array> },
  ) {
    this.contentType = contentType;
    this.#value = value;
    this.#body = value.chunks;
  }

  value(): BulkValue {
    this.#body = undefined;
    return this.#value;
  }

  async hold(read: (body: AsyncIterable<Uint8Array>) => Promise<Uint8Array>): Promise<void> {
    if (this.#body === undefined) return;
    const bytes = await read(this.#body);
    this.#body = undefined;
    this.#value = { lengthBytes: bytes.length, chunks: [bytes] };
  }
}
