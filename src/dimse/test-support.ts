/** For the tests of this folder: two associations over an in-memory connection, and one whose peer is a script. */
import { duplexPair } from 'node:stream';
import { DataSet } from '../dicom/data-set.ts';
import { TransferSyntaxes } from '../dicom/transfer-syntax.ts';
import { knownUid, type Uid } from '../dicom/uid.ts';
import { LeadglassError } from '../error.ts';
import { limits } from '../limits.ts';
import { acceptAssociation } from '../upper-layer/acceptor.ts';
import type { Association } from '../upper-layer/association.ts';
import type { AcceptedContext, AssociateRequest, RoleSelection } from '../upper-layer/association-types.ts';
import { negotiate } from '../upper-layer/negotiation.ts';
import { buildAssociateRequest, requestAssociation } from '../upper-layer/requestor.ts';
import type { AssociationSink, DimseAssociation, EndReason } from './dimse-association.ts';
import type { DimseLimits } from './dimse-limits.ts';

export const testLimits: DimseLimits = { ...limits.dimse, identifier: limits.identifier, responseMsMax: 5_000 };

export const ctImageStorage = knownUid('1.2.840.10008.5.1.4.1.1.2');
export const explicit: Uid = TransferSyntaxes.ExplicitVrLittleEndian;

export interface PairOptions {
  readonly contexts: readonly {
    readonly abstractSyntax: Uid;
    readonly transferSyntaxes?: readonly Uid[];
    readonly role?: Omit<RoleSelection, 'sopClassUid'>;
  }[];
  readonly window?: { readonly invoked: number; readonly performed: number };
}

/** A requestor and an acceptor that has taken everything that was proposed. */
export async function associationPair({ contexts, window }: PairOptions): Promise<{
  readonly requestor: Association;
  readonly acceptor: Association;
}> {
  const [ours, theirs] = duplexPair();
  const request = buildAssociateRequest(
    {
      callingAeTitle: 'STATION',
      calledAeTitle: 'ARCHIVE',
      presentationContexts: contexts.map(({ abstractSyntax, transferSyntaxes = [explicit] }, index) => ({
        id: index * 2 + 1,
        abstractSyntax,
        transferSyntaxes,
      })),
      userInformation: {
        ...(window === undefined ? {} : { asynchronousOperationsWindow: window }),
        roleSelections: contexts.flatMap(({ abstractSyntax, role }) =>
          role === undefined ? [] : [{ sopClassUid: abstractSyntax, ...role }],
        ),
      },
    },
    limits,
  );
  const incoming = acceptAssociation(theirs, { limits });
  const requesting = requestAssociation(ours, request, { limits });
  const asked = await incoming;
  const { contexts: results, roleSelections } = negotiate(asked.request, {
    transferSyntaxes: (uid) =>
      contexts.find(({ abstractSyntax }) => abstractSyntax === uid)?.transferSyntaxes ?? [explicit],
    roles: () => ({ requestorScu: true, requestorScp: true }),
  });
  const acceptor = asked.accept({
    contexts: results,
    userInformation: {
      roleSelections,
      ...(window === undefined ? {} : { asynchronousOperationsWindow: window }),
    },
  });
  return { requestor: await requesting, acceptor };
}

/** An association whose peer is the test: what we send is kept, what the peer sends is given by `deliver`. */
export class ScriptedAssociation implements DimseAssociation {
  readonly role: 'acceptor' | 'requestor';
  readonly contexts: ReadonlyMap<number, AcceptedContext>;
  readonly request: AssociateRequest;
  readonly accept: Association['accept'];
  readonly sent: { readonly contextId: number; readonly command: Uint8Array; readonly data: Uint8Array | undefined }[] =
    [];
  aborted = 0;
  released = 0;
  /** Set to hold back what is sent, as a peer that does not read. */
  hold: Promise<void> | undefined;
  #sink: AssociationSink | undefined;
  #over = false;
  readonly #ended = Promise.withResolvers<never>();
  #onSent: (() => void)[] = [];

  constructor(
    contexts: readonly AcceptedContext[],
    {
      role = 'acceptor',
      window,
    }: {
      readonly role?: 'acceptor' | 'requestor';
      readonly window?: { readonly invoked: number; readonly performed: number };
    } = {},
  ) {
    this.role = role;
    this.contexts = new Map(contexts.map((context) => [context.id, context]));
    this.request = buildAssociateRequest(
      { callingAeTitle: 'STATION', calledAeTitle: 'ARCHIVE', presentationContexts: [] },
      limits,
    );
    this.accept = {
      ...this.request,
      presentationContexts: [],
      userInformation: {
        ...this.request.userInformation,
        ...(window === undefined ? {} : { asynchronousOperationsWindow: window }),
      },
    };
  }

  receive(sink: AssociationSink): void {
    this.#sink = sink;
  }

  sendMessage(contextId: number, command: Uint8Array, data?: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    return Promise.race([this.#send(contextId, command, data), this.#ended.promise]);
  }

  async #send(contextId: number, command: Uint8Array, data?: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const parts: Uint8Array[] = [];
    if (data instanceof Uint8Array) parts.push(data);
    else if (data !== undefined) for await (const chunk of data) parts.push(chunk.slice());
    await this.hold;
    this.sent.push({ contextId, command, data: data === undefined ? undefined : Buffer.concat(parts) });
    for (const go of this.#onSent.splice(0)) go();
  }

  /** Resolves once this many messages were sent. */
  async sentCount(count: number): Promise<void> {
    while (this.sent.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onSent.push(resolve);
      await promise;
    }
  }

  /** Delivers a message of the peer, cut into fragments of `size` bytes. */
  async deliver(
    contextId: number,
    command: Uint8Array,
    { data, size = 0x10000 }: { readonly data?: Uint8Array; readonly size?: number } = {},
  ): Promise<void> {
    await this.#pieces(contextId, { isCommand: true, bytes: command, size });
    if (data !== undefined) await this.#pieces(contextId, { isCommand: false, bytes: data, size });
  }

  /** Delivers one fragment as it is given. */
  async fragment(presentationContextId: number, isCommand: boolean, isLast: boolean, data: Uint8Array): Promise<void> {
    if (!this.#over) await this.#sink?.fragment({ presentationContextId, isCommand, isLast, data });
  }

  async #pieces(
    contextId: number,
    { isCommand, bytes, size }: { readonly isCommand: boolean; readonly bytes: Uint8Array; readonly size: number },
  ): Promise<void> {
    let at = 0;
    do {
      const end = Math.min(bytes.length, at + size);
      // A copy that is overwritten afterwards, as the socket's buffer may be.
      const piece = Uint8Array.from(bytes.subarray(at, end));
      await this.fragment(contextId, isCommand, end === bytes.length, piece);
      piece.fill(0xee);
      at = end;
    } while (at < bytes.length);
  }

  requestRelease(): void {
    this.#sink?.releaseRequested();
  }

  end(reason: EndReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended.promise.catch(() => undefined);
    this.#ended.reject(new LeadglassError('PEER_FAILED', 'the association has ended'));
    this.#sink?.ended(reason);
  }

  release(): Promise<void> {
    this.end({ kind: 'released' });
    return Promise.resolve();
  }

  respondRelease(): Promise<void> {
    this.released += 1;
    this.end({ kind: 'released' });
    return Promise.resolve();
  }

  abort(): void {
    this.aborted += 1;
    this.end({ kind: 'closed', error: new LeadglassError('PEER_FAILED', 'aborted') });
  }

  busy(): () => void {
    return () => undefined;
  }
}

/** An accepted context of id 1 in explicit VR little endian, default roles. */
export function contextOf(abstractSyntax: Uid, more: Partial<AcceptedContext> = {}): AcceptedContext {
  return { id: 1, abstractSyntax, transferSyntax: explicit, requestorScu: true, requestorScp: false, ...more };
}

/** `count` chunks of `size` bytes, each its own. */
export async function* chunks(count: number, size = 1000): AsyncGenerator<Uint8Array, void> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(size).fill(index);
}

export function studyIdentifier(): DataSet {
  return new DataSet().setText(0x00080052, 'CS', 'STUDY').setText(0x0020000d, 'UI', '');
}
