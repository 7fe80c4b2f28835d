/**
 * Cuts messages into P-DATA-TF PDUs (PS3.8 Annex E) of the length that the peer takes, and gathers several PDUs into one
 * write, so that a peer with small PDUs costs few system calls. Slices, never copies. One message at a time.
 */
import { writeDataHeader } from './pdu.ts';

/** Message control header, PS3.8 E.2. */
const commandBit = 1;
const lastBit = 2;
/** PDV length, context ID, control header. */
const pdvHeaderBytes = 6;
/** PDUs gathered into one write: with DCMTK's 16 KiB PDUs one system call instead of sixteen. */
const batchBytes = 256 * 1024;

export type MessageBytes = Uint8Array | AsyncIterable<Uint8Array>;

export class MessageWriter {
  readonly #transmit: (parts: readonly Uint8Array[]) => Promise<void>;
  readonly #payloadMax: number;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #flight: Promise<void> = Promise.resolve();
  #started = false;

  /**
   * @param transmit sends whole PDUs; its promise settles when they are taken
   * @param pduLengthBytesMax longest variable field of a PDU
   */
  constructor(transmit: (parts: readonly Uint8Array[]) => Promise<void>, pduLengthBytesMax: number) {
    this.#transmit = transmit;
    this.#payloadMax = (pduLengthBytesMax - pdvHeaderBytes) & ~1; // PS3.8 E.1: fragments have an even length
  }

  /** Has any part of the current or last message been handed to the transport? Then it cannot be taken back. */
  get started(): boolean {
    return this.#started;
  }

  /** Resolved when all of the message has been taken. Rejected by the transport or by the source of the data. */
  async write(contextId: number, command: Uint8Array | undefined, data: MessageBytes | undefined): Promise<void> {
    this.#started = false;
    this.#parts = [];
    this.#partsBytes = 0;
    if (command !== undefined) await this.#whole(contextId, commandBit, command);
    if (data instanceof Uint8Array) await this.#whole(contextId, 0, data);
    else if (data !== undefined) await this.#stream(contextId, data);
    await this.#flush();
    await this.#flight;
  }

  async #whole(contextId: number, control: number, bytes: Uint8Array): Promise<void> {
    let at = 0;
    do {
      const end = Math.min(at + this.#payloadMax, bytes.length);
      this.#add(contextId, end === bytes.length ? control | lastBit : control, [bytes.subarray(at, end)], end - at);
      at = end;
      if (this.#partsBytes >= batchBytes && at < bytes.length) await this.#flush();
    } while (at < bytes.length);
  }

  async #stream(contextId: number, source: AsyncIterable<Uint8Array>): Promise<void> {
    let pending: Uint8Array[] = [];
    let pendingBytes = 0;
    for await (const chunk of source) {
      if (chunk.length === 0) continue;
      let rest = chunk;
      // Something is always kept back, since the last PDV has to say that it is the last.
      while (pendingBytes + rest.length > this.#payloadMax) {
        const taken = this.#payloadMax - pendingBytes;
        pending.push(rest.subarray(0, taken));
        rest = rest.subarray(taken);
        this.#add(contextId, 0, pending, this.#payloadMax);
        pending = [];
        pendingBytes = 0;
        if (this.#partsBytes >= batchBytes) await this.#flush();
      }
      pending.push(rest);
      pendingBytes += rest.length;
    }
    this.#add(contextId, lastBit, pending, pendingBytes);
  }

  #add(contextId: number, control: number, parts: readonly Uint8Array[], bytes: number): void {
    this.#parts.push(writeDataHeader(contextId, control, bytes));
    for (const part of parts) if (part.length > 0) this.#parts.push(part);
    this.#partsBytes += bytes;
  }

  /** Hands over what is gathered once the write before it was taken: one in flight, one being gathered. */
  async #flush(): Promise<void> {
    await this.#flight;
    const parts = this.#parts;
    this.#parts = [];
    this.#partsBytes = 0;
    this.#started = true;
    this.#flight = this.#transmit(parts);
    this.#flight.catch(() => {}); // reported where it is awaited
  }
}
