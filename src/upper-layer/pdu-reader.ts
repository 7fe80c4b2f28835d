/**
 * Cuts a byte stream into PDUs (PS3.8 9.3). P-DATA-TF is passed on as slices of the socket's own chunks, never assembled
 * or copied; any other PDU is collected, but only after its header told a length within its limit. A pull parser, so that
 * the caller can stop between two fragments; it knows nothing of states (state-machine.ts) or of the items inside a PDU.
 */
import type { PdvFragment } from './association-types.ts';
import { nameForeignBytes } from './foreign-bytes.ts';
import { PduType, pduHeaderBytes } from './pdu.ts';
import { AbortReason, protocolError } from './protocol-error.ts';
import type { UpperLayerLimits } from './upper-layer-limits.ts';

export type PduReaderLimits = Pick<UpperLayerLimits, 'associatePduBytesMax' | 'pduLengthBytesMax' | 'pdvsPerPduMax'>;

export type CollectedPduType = 1 | 2 | 3 | 5 | 6 | 7;

export type PduEvent =
  /** A whole PDU other than P-DATA-TF, without its header; the bytes are the caller's. */
  | { readonly kind: 'pdu'; readonly type: CollectedPduType; readonly body: Uint8Array }
  | { readonly kind: 'fragment'; readonly fragment: PdvFragment };

const names: Readonly<Record<CollectedPduType | 4, string>> = {
  1: 'A-ASSOCIATE-RQ',
  2: 'A-ASSOCIATE-AC',
  3: 'A-ASSOCIATE-RJ',
  4: 'P-DATA-TF',
  5: 'A-RELEASE-RQ',
  6: 'A-RELEASE-RP',
  7: 'A-ABORT',
};

/** PDV length, context ID and message control header, PS3.8 9.3.5.1 and Annex E. */
const pdvHeaderBytes = 6;
/** Bytes set aside for a collected PDU at first; more only as more has come, so that a mere header costs nothing. */
const firstRoomBytes = 4096;
const empty = new Uint8Array(0);

export class PduReader {
  readonly #limits: PduReaderLimits;
  /** Chunks not yet looked at; more than one only if the caller pushes without pulling. */
  readonly #waiting: Uint8Array[] = [];
  #chunk: Uint8Array = empty;
  #at = 0;

  #state: 'pdu-header' | 'collecting' | 'pdv-header' | 'pdv-data' | 'failed' = 'pdu-header';
  /** For either header: both are 6 bytes long. */
  readonly #header = new Uint8Array(pduHeaderBytes);
  #headerFilled = 0;

  #pduType: CollectedPduType = PduType.associateRequest;
  #pduRemaining = 0;
  #pdvs = 0;
  #body: Uint8Array = empty;
  #bodyFilled = 0;
  #bodyLength = 0;

  #pdvRemaining = 0;
  #contextId = 0;
  #control = 0;
  #completed = 0;

  constructor(limits: PduReaderLimits) {
    this.#limits = limits;
  }

  /** How many PDUs have come to their end: what tells an active peer from one that only trickles bytes. */
  get pdusCompleted(): number {
    return this.#completed;
  }

  /** Hands over bytes; they must not change until `next` has returned undefined. */
  push(chunk: Uint8Array): void {
    if (this.#state === 'failed' || chunk.length === 0) return;
    this.#waiting.push(chunk);
  }

  /**
   * The next event, or undefined when more bytes are needed.
   * @throws LeadglassError MALFORMED or LIMIT_EXCEEDED, with the A-ABORT as cause; afterwards all input is ignored
   */
  next(): PduEvent | undefined {
    try {
      while (this.#state !== 'failed' && this.#hasBytes()) {
        const event = this.#step();
        if (event !== undefined) return event;
      }
      return undefined;
    } catch (error) {
      this.#state = 'failed';
      this.#waiting.length = 0;
      this.#chunk = empty;
      this.#body = empty;
      throw error;
    }
  }

  #hasBytes(): boolean {
    if (this.#at < this.#chunk.length) return true;
    const chunk = this.#waiting.shift();
    this.#chunk = chunk ?? empty; // an idle association keeps no chunk
    this.#at = 0;
    return chunk !== undefined;
  }

  #step(): PduEvent | undefined {
    switch (this.#state) {
      case 'pdu-header':
        if (this.#fillHeader()) this.#startPdu();
        return undefined;
      case 'collecting':
        return this.#collect();
      case 'pdv-header':
        return this.#fillHeader() ? this.#startPdv() : undefined;
      case 'pdv-data':
        return this.#slicePdv();
      case 'failed':
        break;
    }
    return undefined;
  }

  #fillHeader(): boolean {
    const count = Math.min(pduHeaderBytes - this.#headerFilled, this.#chunk.length - this.#at);
    for (let index = 0; index < count; index += 1) {
      this.#header[this.#headerFilled + index] = this.#chunk[this.#at + index] ?? 0;
    }
    this.#at += count;
    this.#headerFilled += count;
    if (this.#headerFilled < pduHeaderBytes) return false;
    this.#headerFilled = 0;
    return true;
  }

  #startPdu(): void {
    const [type = 0] = this.#header;
    const length = uint32(this.#header, 2);
    switch (type) {
      case PduType.data:
        if (length > this.#limits.pduLengthBytesMax) throw this.#tooLong(type, length, this.#limits.pduLengthBytesMax);
        if (length < pdvHeaderBytes) throw this.#wrongLength(type, length, `at least ${pdvHeaderBytes}`);
        this.#pduRemaining = length;
        this.#pdvs = 0;
        this.#state = 'pdv-header';
        return;
      case PduType.associateRequest:
      case PduType.associateAccept:
        if (length > this.#limits.associatePduBytesMax) {
          throw this.#tooLong(type, length, this.#limits.associatePduBytesMax);
        }
        if (length < 68) throw this.#wrongLength(type, length, 'at least 68');
        break;
      case PduType.associateReject:
      case PduType.releaseRequest:
      case PduType.releaseResponse:
      case PduType.abort:
        if (length !== 4) throw this.#wrongLength(type, length, '4');
        break;
      default:
        throw protocolError(`Cannot read PDU: type was ${type}, expected 1 to 7`, {
          reason: AbortReason.unrecognizedPdu,
          field: 'PDU-type',
          offset: 0,
          detail: this.#headerText(),
        });
    }
    this.#pduType = type;
    this.#bodyLength = length;
    this.#bodyFilled = 0;
    this.#body = new Uint8Array(Math.min(length, firstRoomBytes));
    this.#state = 'collecting';
  }

  #collect(): PduEvent | undefined {
    const count = Math.min(this.#bodyLength - this.#bodyFilled, this.#chunk.length - this.#at);
    const filled = this.#bodyFilled + count;
    if (filled > this.#body.length) {
      const grown = new Uint8Array(Math.min(this.#bodyLength, Math.max(filled, this.#body.length * 2)));
      grown.set(this.#body.subarray(0, this.#bodyFilled));
      this.#body = grown;
    }
    this.#body.set(this.#chunk.subarray(this.#at, this.#at + count), this.#bodyFilled);
    this.#at += count;
    this.#bodyFilled = filled;
    if (filled < this.#bodyLength) return undefined;
    const body = this.#body;
    this.#body = empty;
    this.#endPdu();
    return { kind: 'pdu', type: this.#pduType, body };
  }

  // PS3.8 9.3.5.1: a PDV never goes over the end of its PDU, and PDVs fill the PDU exactly.
  #startPdv(): PduEvent | undefined {
    const length = uint32(this.#header, 0);
    const [, , , , contextId = 0, control = 0] = this.#header;
    this.#pdvs += 1;
    if (this.#pdvs > this.#limits.pdvsPerPduMax) {
      throw protocolError(`Cannot read P-DATA-TF: more than ${this.#limits.pdvsPerPduMax} PDVs in one PDU`, {
        code: 'LIMIT_EXCEEDED',
        field: 'Presentation-data-value items',
      });
    }
    const rest = this.#pduRemaining - 4 - length;
    // What is left must be nothing or hold one more PDV at least.
    if (length < 2 || rest < 0 || (rest > 0 && rest < pdvHeaderBytes)) {
      throw protocolError(
        `Cannot read P-DATA-TF: item length was ${length}, ${this.#pduRemaining - 4} bytes are left in the PDU`,
        { field: 'Item-length' },
      );
    }
    if (contextId % 2 === 0) {
      throw protocolError(`Cannot read P-DATA-TF: presentation context was ${contextId}, expected an odd number`, {
        field: 'Presentation-context-ID',
      });
    }
    this.#pduRemaining = rest;
    this.#contextId = contextId;
    this.#control = control;
    // Odd lengths are let pass although Annex E.1 wants even ones: toolkits cut at the odd maximum that somebody set.
    this.#pdvRemaining = length - 2;
    if (this.#pdvRemaining > 0) {
      this.#state = 'pdv-data';
      return undefined;
    }
    this.#endPdv();
    // PS3.8 Annex E.2: empty PDVs are not to be sent, but the last one may end a message.
    return (control & 2) === 0 ? undefined : this.#fragment(empty, true);
  }

  #slicePdv(): PduEvent {
    const available = this.#chunk.length - this.#at;
    const count = available < this.#pdvRemaining ? available : this.#pdvRemaining;
    const data = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.#pdvRemaining -= count;
    if (this.#pdvRemaining > 0) return this.#fragment(data, false);
    this.#endPdv();
    return this.#fragment(data, (this.#control & 2) !== 0);
  }

  #fragment(data: Uint8Array, isLast: boolean): PduEvent {
    const isCommand = (this.#control & 1) !== 0;
    return { kind: 'fragment', fragment: { presentationContextId: this.#contextId, isCommand, isLast, data } };
  }

  #endPdv(): void {
    if (this.#pduRemaining > 0) this.#state = 'pdv-header';
    else this.#endPdu();
  }

  #endPdu(): void {
    this.#completed += 1;
    this.#state = 'pdu-header';
  }

  #tooLong(type: keyof typeof names, length: number, max: number): Error {
    return protocolError(`Cannot read ${names[type]}: length was ${length}, at most ${max} is taken`, {
      code: 'LIMIT_EXCEEDED',
      field: 'PDU-length',
      offset: 2,
      detail: this.#headerText(),
    });
  }

  #wrongLength(type: keyof typeof names, length: number, expected: string): Error {
    return protocolError(`Cannot read ${names[type]}: length was ${length}, expected ${expected}`, {
      field: 'PDU-length',
      offset: 2,
      detail: this.#headerText(),
    });
  }

  /** Only the first PDU of a connection can be foreign; later ones are broken DICOM. */
  #headerText(): string {
    const foreign = this.#completed === 0 ? nameForeignBytes(this.#header) : undefined;
    const bytes = `header bytes ${Buffer.from(this.#header).toString('hex')}`;
    return foreign === undefined ? bytes : `this is ${foreign} (${bytes})`;
  }
}

/** By hand, since it runs for every PDU and PDV; unsigned. */
function uint32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x1000000 + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
