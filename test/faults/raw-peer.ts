/**
 * A peer that shares no code with the server, over bench/support: stores, fetches back whole data sets, and speaks single
 * PDUs for tests that lie in them.
 */
import assert from 'node:assert/strict';
import type net from 'node:net';
import { connect, RawAssociation, type Target } from '../../bench/support/raw-association.ts';
import {
  ctImageStorage,
  echoRequest,
  explicitLittleEndian,
  queryRequest,
  storeRequest,
  storeResponse,
  syntheticCt,
  type SyntheticInstance,
  syntheticPixels,
} from '../../bench/support/raw-dicom.ts';

export const verification = '1.2.840.10008.1.1';
export const studyRootFind = '1.2.840.10008.5.1.4.1.2.2.1';
export const studyRootGet = '1.2.840.10008.5.1.4.1.2.2.3';
export const implicitLittleEndian = '1.2.840.10008.1.2';

export const storeContext = { id: 1, abstractSyntax: ctImageStorage, transferSyntaxes: [explicitLittleEndian] };
export const echoContext = { id: 3, abstractSyntax: verification, transferSyntaxes: [implicitLittleEndian] };

const pixels = syntheticPixels(2 * 1024 ** 2);

/** A CT slice of a square of `side` 16-bit pixels. */
export function slice(seed: string, patient: number, instance: number, side = 64): SyntheticInstance {
  const facts = { seed, patient, instance, rows: side, columns: side, pixels: pixels.subarray(0, side * side * 2) };
  return syntheticCt(facts);
}

export function bytesOf({ header, pixels: values }: SyntheticInstance): Buffer {
  return Buffer.concat([header, values]);
}

/** A pipe for one sender: one message at a time. */
export class Sender {
  readonly association: RawAssociation;
  #messageId = 0;

  private constructor(association: RawAssociation) {
    this.association = association;
  }

  static async open(target: Target): Promise<Sender> {
    return new Sender(await RawAssociation.open(target, [storeContext, echoContext]));
  }

  /** @returns the status */
  async store(instance: SyntheticInstance): Promise<number> {
    return this.#ask(1, storeRequest(this.#next(), instance.sopClassUid, instance.sopInstanceUid), [
      instance.header,
      instance.pixels,
    ]);
  }

  async echo(): Promise<number> {
    return this.#ask(3, echoRequest(this.#next()));
  }

  release(): Promise<void> {
    return this.association.release();
  }

  #next(): number {
    this.#messageId = (this.#messageId % 0xffff) + 1;
    return this.#messageId;
  }

  async #ask(contextId: number, command: Buffer, data?: readonly Buffer[]): Promise<number> {
    const answer = this.association.next();
    answer.catch(() => undefined);
    await Promise.race([this.association.send(contextId, command, data), answer]);
    return (await answer).command.status;
  }
}

/** An identifier in implicit VR little endian. */
export function implicitIdentifier(rows: readonly (readonly [number, number, string])[]): Buffer {
  return Buffer.concat(
    rows.map(([group, number, value]) => {
      const text = Buffer.from(value.length % 2 === 0 ? value : `${value} `, 'latin1');
      const head = Buffer.alloc(8);
      head.writeUInt16LE(group, 0);
      head.writeUInt16LE(number, 2);
      head.writeUInt32LE(text.length, 4);
      return Buffer.concat([head, text]);
    }),
  );
}

/** C-GET of one study; the data sets by SOP Instance UID. */
export async function fetchStudy(target: Target, studyInstanceUid: string): Promise<ReadonlyMap<string, Buffer>> {
  const association = await RawAssociation.open(
    target,
    [
      { id: 1, abstractSyntax: studyRootGet, transferSyntaxes: [implicitLittleEndian] },
      { ...storeContext, id: 3 },
    ],
    [ctImageStorage],
  );
  association.keepData = true;
  const got = new Map<string, Buffer>();
  const status = await new Promise<number>((done, failed) => {
    association.onEveryMessage(({ contextId, command, data }) => {
      if (command.field !== 0x0001) {
        if (command.status !== 0xff00) done(command.status);
        return;
      }
      const { messageId, sopClassUid, sopInstanceUid } = command;
      got.set(sopInstanceUid, data);
      association.send(contextId, storeResponse(messageId, sopClassUid, sopInstanceUid)).catch(failed);
    }, failed);
    const rows = [
      [0x0008, 0x0052, 'STUDY'],
      [0x0020, 0x000d, studyInstanceUid],
    ] as const;
    association.send(1, queryRequest('get', 1, studyRootGet), [implicitIdentifier(rows)]).catch(failed);
  });
  await association.release();
  assert.equal(status, 0, `C-GET of ${studyInstanceUid}`);
  return got;
}

export interface Pdu {
  readonly type: number;
  readonly body: Buffer;
}

/** A connection on which single PDUs are spoken; TLS when the target has credentials. */
export class RawSocket {
  readonly socket: net.Socket;
  #received: Buffer = Buffer.alloc(0);
  #isOver = false;
  #waiting: (() => void) | undefined;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#waiting?.();
    });
    const over = (): void => {
      this.#isOver = true;
      this.#waiting?.();
    };
    socket.once('end', over).once('close', over);
  }

  static async open(target: Target): Promise<RawSocket> {
    const socket = connect(target);
    await new Promise<void>((done, failed) => {
      socket.once(target.credentials === undefined ? 'connect' : 'secureConnect', done).once('error', failed);
    });
    return new RawSocket(socket);
  }

  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** The next PDU, or `closed` when the peer ended; fails after `withinMs`. */
  async next(withinMs = 10_000): Promise<Pdu | 'closed'> {
    const until = performance.now() + withinMs;
    for (;;) {
      if (this.#received.length >= 6) {
        const length = 6 + this.#received.readUInt32BE(2);
        if (this.#received.length >= length) {
          const pdu = { type: this.#received.readUInt8(0), body: this.#received.subarray(6, length) };
          this.#received = this.#received.subarray(length);
          return pdu;
        }
      }
      if (this.#isOver) return 'closed';
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw new Error(`No PDU and no end of the connection within ${withinMs} ms`);
      await new Promise<void>((done) => {
        const timer = setTimeout(done, leftMs);
        this.#waiting = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  /** What came and is not a whole PDU yet. */
  get rest(): Buffer {
    return this.#received;
  }

  /** Reads to the end; the types of the PDUs that came. */
  async typesUntilClosed(withinMs = 10_000): Promise<readonly number[]> {
    const types: number[] = [];
    for (;;) {
      const pdu = await this.next(withinMs);
      if (pdu === 'closed') return types;
      types.push(pdu.type);
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
