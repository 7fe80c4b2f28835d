/** For tests of associations: a clock that is moved by hand, the peer's side of a connection as plain bytes, and requests. */
import { duplexPair, type Duplex } from 'node:stream';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid } from '../dicom/uid.ts';
import { limits } from '../limits.ts';
import type { IncomingAssociation } from './acceptor.ts';
import type { AssociateRequest, PdvFragment } from './association-types.ts';
import type { Association, AssociationSink } from './association.ts';
import type { UpperLayerClock } from './clock.ts';
import { negotiate } from './negotiation.ts';
import { writeAssociateAccept, writeDataHeader } from './pdu.ts';
import type { EndReason } from './protocol-machine.ts';
import { buildAssociateRequest } from './requestor.ts';

export const verification = knownUid('1.2.840.10008.1.1');
const transferSyntax = TransferSyntaxes.ImplicitVrLittleEndian;

export const echoRequest: AssociateRequest = buildAssociateRequest(
  {
    callingAeTitle: 'CALLING',
    calledAeTitle: 'CALLED',
    presentationContexts: [{ id: 1, abstractSyntax: verification, transferSyntaxes: [transferSyntax] }],
  },
  limits,
);

export const echoAcceptPdu: Uint8Array = writeAssociateAccept({
  ...echoRequest,
  presentationContexts: [{ id: 1, result: 0, transferSyntax }],
});

export function dataPdu(contextId: number, control: number, data: Uint8Array): Uint8Array {
  return Buffer.concat([writeDataHeader(contextId, control, data.length), data]);
}

export function acceptAll(incoming: IncomingAssociation): Association {
  const { contexts } = negotiate(incoming.request, {
    transferSyntaxes: () => [transferSyntax],
    roles: () => ({ requestorScu: true, requestorScp: false }),
  });
  return incoming.accept({ contexts });
}

export class FakeClock implements UpperLayerClock {
  readonly timers = new Set<{ readonly at: number; readonly run: () => void }>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Lets time pass, runs what is due in its order, and lets streams do their work. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [due] = [...this.timers].filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at);
      if (due === undefined) break;
      this.timers.delete(due);
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything that is under way come to rest. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The other end of a connection, driven byte by byte. */
export class RawPeer {
  readonly socket: Duplex;
  /** Our side: give it to acceptAssociation or requestAssociation. */
  readonly ours: Duplex;
  ended = false;
  #received = Buffer.alloc(0);

  constructor() {
    const [ours, socket] = duplexPair();
    this.ours = ours;
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', () => {});
  }

  async send(...pdus: readonly Uint8Array[]): Promise<void> {
    for (const pdu of pdus) this.socket.write(pdu);
    await settle();
  }

  /** Types of the PDUs that came, in their order, with the last two bytes of short ones. */
  received(): string[] {
    const names: string[] = [];
    for (let at = 0; at + 6 <= this.#received.length; ) {
      const length = this.#received.readUInt32BE(at + 2);
      const type = this.#received[at] ?? 0;
      const isShort = type === 3 || type === 7;
      const tail = isShort ? ` ${this.#received.subarray(at + 7, at + 10).join('/')}` : '';
      names.push(`${pduNames[type] ?? type}${tail}`);
      at += 6 + length;
    }
    return names;
  }

  bytes(): Uint8Array {
    return this.#received;
  }
}

const pduNames: Readonly<Record<number, string>> = {
  1: 'A-ASSOCIATE-RQ',
  2: 'A-ASSOCIATE-AC',
  3: 'A-ASSOCIATE-RJ',
  4: 'P-DATA-TF',
  5: 'A-RELEASE-RQ',
  6: 'A-RELEASE-RP',
  7: 'A-ABORT',
};

/** A sink that notes everything; `onFragment` may hold the peer back. */
export class RecordingSink implements AssociationSink {
  readonly fragments: PdvFragment[] = [];
  releases = 0;
  end: EndReason | undefined;
  onFragment: (fragment: PdvFragment) => void | Promise<void> = () => {};

  fragment(fragment: PdvFragment): void | Promise<void> {
    this.fragments.push({ ...fragment, data: Uint8Array.from(fragment.data) });
    return this.onFragment(fragment);
  }

  releaseRequested(): void {
    this.releases += 1;
  }

  ended(reason: EndReason): void {
    this.end = reason;
  }
}
